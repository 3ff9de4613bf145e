"""Token introspection (RFC 7662). A client learns about its own tokens, and a resource server about those that are for
one of its resources (RFC 8707); whatever else is asked about is simply not active (§2.2).
"""

from typing import Any

from sqlalchemy import bindparam, or_, select

from idp.accounts.models import Account
from idp.foundation.columns import Instant
from idp.foundation.digests import sha256
from idp.foundation.errors import ProtocolError
from idp.protocol.artefacts.liveness import account_is_live, session_is_live
from idp.protocol.artefacts.revoked_token import RevokedToken
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import Answer, Request, error_answer, json_answer
from idp.protocol.server import challenge
from idp.protocol.tokens.access_token import AccessToken
from idp.registry.client import Client
from idp.sessions.models import AuthorizationGrant, OPSession

_INACTIVE = {"active": False}
_NOW: Any = bindparam("now", type_=Instant)
_LIVE_GRANT = (
    select(AuthorizationGrant.sub)
    .join(Account, Account.id == AuthorizationGrant.account_id)
    .join(OPSession, OPSession.id == AuthorizationGrant.op_session_id)
    .outerjoin(RevokedToken, RevokedToken.digest == bindparam("jti"))
    .where(
        AuthorizationGrant.reference == bindparam("reference"),
        AuthorizationGrant.ended_at.is_(None),
        RevokedToken.digest.is_(None),
        account_is_live(),
        or_(AuthorizationGrant.is_offline, session_is_live(_NOW)),
    )
)


def _answer(request: Request, parts: EndpointParts) -> Answer:
    try:
        client = parts.authenticator.authenticate(request).client
    except ProtocolError as error:
        return error_answer(error, headers=challenge(request, error))
    if client.is_public:
        return error_answer(ProtocolError("invalid_client", "A public client cannot introspect.", status=401))
    text = request.form.get("token")
    if text is None:
        return error_answer(ProtocolError("invalid_request", "The token is missing."))
    parts.tally.count("introspection", client.client_id)
    return json_answer(
        200, _about_access_token(text, client, parts) or _about_refresh_token(text, client, parts) or _INACTIVE
    )


def _about_access_token(text: str, client: Client, parts: EndpointParts) -> dict[str, Any] | None:
    token = parts.access_tokens.read_any(text)
    if token is None or not (token.client_id == client.client_id or token.audience in client.resource_identifiers):
        return None
    issued_to = parts.registry.get(token.client_id)
    if issued_to is None or not _is_alive(token, issued_to, parts):
        return None
    shown: dict[str, Any] = {
        name: token.claims[name]
        for name in ("iss", "sub", "aud", "client_id", "iat", "exp", "jti", "auth_time", "acr")
        if name in token.claims
    }
    return {"active": True, "token_type": "Bearer", **shown, **({"scope": token.scope} if token.scope else {})}


def _is_alive(token: AccessToken, client: Client, parts: EndpointParts) -> bool:
    if not client.is_active(parts.clock.now()):
        return False
    if client.not_before is not None and token.issued_at < client.not_before:
        return False
    if token.reference is None:
        return not parts.revoked.is_revoked(token.jti)
    values = {"reference": token.reference, "jti": sha256(token.jti), "now": parts.clock.now()}
    with parts.database.read() as connection:
        return connection.scalar(_LIVE_GRANT, values) is not None


def _about_refresh_token(text: str, client: Client, parts: EndpointParts) -> dict[str, Any] | None:
    presented = parts.refresh_tokens.parse(text)
    state = None if presented is None else parts.families.state(presented.family)
    if presented is None or state is None or not parts.refresh_tokens.is_genuine(presented, state.family.salt):
        return None
    family = state.family
    if not state.is_live or family.client_id != client.client_id or presented.generation != family.generation:
        return None
    return {
        "active": True,
        "client_id": family.client_id,
        "sub": family.sub,
        "scope": family.scope,
        "iss": parts.settings.issuer,
    }


INTROSPECTION = Endpoint("/introspect", frozenset({"POST"}), "introspection_endpoint", _answer)
