"""How old the sign-in may be (OpenID Connect Core §3.1.2.1; 0 acts as prompt=login)."""

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext

_MOST_DIGITS = 9


def check_max_age(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Take the number of seconds, else the client's registered default."""
    text = request.get("max_age")
    if text is None:
        request.max_age = request.client.default_max_age
        return
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise ProtocolError("invalid_request", "The max_age must be a number of seconds, 0 or more.")
    request.max_age = int(text)
