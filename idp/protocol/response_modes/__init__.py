"""How an authorization response travels back to the client: the modes we offer (OAuth 2.0 Multiple Response Types
§2.1).
"""

from idp.protocol.response_modes.form_post import FORM_POST
from idp.protocol.response_modes.mode import ResponseMode
from idp.protocol.response_modes.query import QUERY

RESPONSE_MODES: tuple[ResponseMode, ...] = (QUERY, FORM_POST)

__all__ = ["RESPONSE_MODES", "ResponseMode"]
