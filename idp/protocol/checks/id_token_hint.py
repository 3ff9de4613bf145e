"""Whom the client expects (OpenID Connect Core §3.1.2.1): an ID token of ours for this client, expired or not."""

from idp.foundation.errors import ProtocolError
from idp.keyring.errors import TokenInvalid
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext


def check_id_token_hint(request: AuthorizationRequest, context: CheckContext) -> None:
    """Take the subject of the hint; a hint that is not ours, or another client's, is refused."""
    hint = request.get("id_token_hint")
    if hint is None:
        return
    try:
        claims = context.keyring.verify(hint, typ="JWT")
    except TokenInvalid:
        raise ProtocolError("invalid_request", "The id_token_hint was not issued here.") from None
    if claims.get("aud") != request.client.client_id or claims.get("iss") != context.settings.issuer:
        raise ProtocolError("invalid_request", "The id_token_hint was issued to another client.")
    request.hinted_sub = str(claims.get("sub"))
