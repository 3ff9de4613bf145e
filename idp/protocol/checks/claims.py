"""The ``claims`` parameter (OpenID Connect Core §5.5). Unknown claims are ignored."""

from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.claims import parse_claims


def check_claims(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Understand the parameter as far as the registration allows."""
    text = request.get("claims")
    if text is not None:
        request.claims = parse_claims(text, request.client.scope)
        request.hinted_sub = request.claims.sub
