"""Token revocation (RFC 7009). A refresh token takes its grant with it, so that its access tokens fall too (§2.1); a
token that is not ours, or not the caller's, is answered like one that was revoked (§2.2).
"""

from idp.foundation.errors import ProtocolError
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.events import TokenRevoked
from idp.protocol.messages import NO_STORE, Answer, Request, error_answer
from idp.protocol.server import challenge
from idp.registry.client import Client


def _answer(request: Request, parts: EndpointParts) -> Answer:
    try:
        client = parts.authenticator.authenticate(request).client
    except ProtocolError as error:
        return error_answer(error, headers=challenge(request, error))
    text = request.form.get("token")
    if text is None:
        return error_answer(ProtocolError("invalid_request", "The token is missing."))
    with parts.database.transaction():
        if not _revoke_access_token(text, client, parts):
            _revoke_refresh_token(text, client, parts)
    return Answer(200, b"", NO_STORE)


def _revoke_access_token(text: str, client: Client, parts: EndpointParts) -> bool:
    token = parts.access_tokens.read_any(text)
    if token is None:
        return False
    if token.client_id == client.client_id:
        parts.revoked.revoke(token.jti, token.expires_at)
        parts.audit.record(
            TokenRevoked(actor=f"client:{client.client_id}", client_id=client.client_id, kind="access_token")
        )
    return True


def _revoke_refresh_token(text: str, client: Client, parts: EndpointParts) -> None:
    presented = parts.refresh_tokens.read(text)
    if presented is None or presented.family.client_id != client.client_id:
        return
    family = presented.family
    parts.families.end(family.id)
    parts.grants.end(
        family.grant_id,
        reason="revoked",
        actor=f"client:{client.client_id}",
        client_id=client.client_id,
        account_id=family.account_id,
    )
    parts.audit.record(
        TokenRevoked(
            actor=f"client:{client.client_id}",
            client_id=client.client_id,
            account_id=family.account_id,
            kind="refresh_token",
        )
    )


REVOCATION = Endpoint("/revoke", frozenset({"POST"}), "revocation_endpoint", _answer, allows_cors=True)
