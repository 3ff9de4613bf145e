"""How an authorization response travels back to the client: the modes we offer (OAuth 2.0 Multiple Response Types
§2.1).
"""

from idp.protocol.response_modes.form_post import FORM_POST
from idp.protocol.response_modes.mode import ResponseMode
from idp.protocol.response_modes.query import QUERY
from idp.protocol.response_modes.signed import FORM_POST_JWT, FRAGMENT_JWT, JWT, QUERY_JWT

RESPONSE_MODES: tuple[ResponseMode, ...] = (QUERY, FORM_POST, JWT, QUERY_JWT, FRAGMENT_JWT, FORM_POST_JWT)

_BY_NAME = {mode.name: mode for mode in RESPONSE_MODES}


def mode_of(name: str) -> ResponseMode:
    """Return the mode of a name that a check has accepted."""
    return _BY_NAME[name]


__all__ = ["RESPONSE_MODES", "ResponseMode", "mode_of"]
