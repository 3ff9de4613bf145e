"""Bounds on values that are stored or carried along (RFC 6749 §3.1; OpenID Connect Core §2 lets nonces be long, not
endless).
"""

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext

_LONGEST = {
    "nonce": 512,
    "state": 2048,
    "login_hint": 256,
    "ui_locales": 200,
    "acr_values": 500,
    "scope": 1000,
    "code_challenge": 128,
}


def check_sizes(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Refuse a value that is longer than we keep."""
    for name, longest in _LONGEST.items():
        if len(request.get(name) or "") > longest:
            raise ProtocolError("invalid_request", f"The {name} is longer than {longest} characters.")
