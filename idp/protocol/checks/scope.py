"""The scope asked for (RFC 6749 §3.3, OpenID Connect Core §3.1.2.1 and §11)."""

from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.scopes import understood_scopes


def check_scope(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Take the scopes we know and this client may ask for."""
    request.scopes = understood_scopes(request.get("scope"), request.client)
