"""Whom the client expects (OpenID Connect Core §3.1.2.1): an ID token of ours for this client, expired or not."""

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.tokens.id_token import read_hint


def check_id_token_hint(request: AuthorizationRequest, context: CheckContext) -> None:
    """Take the subject of the hint; a hint that is not ours, or another client's, is refused."""
    hint = request.get("id_token_hint")
    if hint is None:
        return
    claims = read_hint(hint, context.keyring, context.settings.issuer)
    if claims is None:
        raise ProtocolError("invalid_request", "The id_token_hint was not issued here.")
    if claims["aud"] != request.client.client_id:
        raise ProtocolError("invalid_request", "The id_token_hint was issued to another client.")
    if request.hinted_sub not in {None, claims["sub"]}:
        raise ProtocolError("invalid_request", "The id_token_hint and the sub in claims name two persons.")
    request.hinted_sub = str(claims["sub"])
