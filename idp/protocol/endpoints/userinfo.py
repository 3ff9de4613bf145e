"""The userinfo endpoint (OpenID Connect Core §5.3, RFC 6750 §2.1 and §3): the token is verified, then one SELECT sees
whether its grant, session and account are alive and brings the claims.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from idp.accounts.claims import join_claims, profile_of
from idp.accounts.models import Account
from idp.foundation.columns import Instant
from idp.foundation.digests import sha256
from idp.foundation.errors import ProtocolError
from idp.foundation.prepared_statement import PreparedStatement
from idp.protocol.artefacts.liveness import account_is_live, session_is_live
from idp.protocol.artefacts.revoked_token import RevokedToken
from idp.protocol.binding.resource import PresentedToken, challenges, presented_token, refusal
from idp.protocol.binding.values import binding_of
from idp.protocol.claims import claims_of_scopes, values_of
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import NO_STORE, Answer, Request, error_answer, json_answer
from idp.protocol.tokens.access_token import AccessToken
from idp.registry.client import Client
from idp.sessions.models import AuthorizationGrant, OPSession

_REALM = "userinfo"
USERINFO_METADATA_PATH = "/.well-known/oauth-protected-resource/userinfo"
_NOW: Any = bindparam("now", type_=Instant)
_LIVE_GRANT = (
    select(AuthorizationGrant.sub, AuthorizationGrant.claims)
    .join(Account, Account.id == AuthorizationGrant.account_id)
    .join(OPSession, OPSession.id == AuthorizationGrant.op_session_id)
    .outerjoin(RevokedToken, RevokedToken.digest == bindparam("jti"))
    .where(
        AuthorizationGrant.reference == bindparam("reference"),
        AuthorizationGrant.client_id == bindparam("client"),
        AuthorizationGrant.ended_at.is_(None),
        RevokedToken.digest.is_(None),
        account_is_live(),
        session_is_live(_NOW),
    )
)
_GRANT = PreparedStatement(_LIVE_GRANT)
_PERSON = PreparedStatement(join_claims(_LIVE_GRANT))
_PERSON_AND_ORGANIZATION = PreparedStatement(join_claims(_LIVE_GRANT, AuthorizationGrant.__table__.c.organization_id))


def _answer(request: Request, parts: EndpointParts) -> Answer:
    if "access_token" in request.query or (request.authorization and "access_token" in request.form):
        return _refusal(
            parts, 400, "invalid_request", "The access token must travel once, in the Authorization header."
        )
    presented = presented_token(request)
    if presented is None:
        return _challenging(parts, Answer(401, b"", (*challenges(_REALM), *NO_STORE)))
    return _answer_to(presented, request, parts)


def _answer_to(presented: PresentedToken, request: Request, parts: EndpointParts) -> Answer:
    token = parts.access_tokens.read(presented.text)
    client = parts.registry.get(token.client_id) if token else None
    if token is None or client is None or token.reference is None or not _is_current(token, client, parts):
        return _refusal(
            parts, 401, "invalid_token", "The access token has expired, was revoked, or is not for this endpoint."
        )
    try:
        parts.constraints.admit(request, presented, binding_of(token.claims), client)
    except ProtocolError as error:
        is_plain = binding_of(token.claims).jkt is None
        return _challenging(parts, refusal(_REALM, error, "Bearer" if is_plain else "DPoP"))
    if "openid" not in token.scopes:
        return _refusal(parts, 403, "insufficient_scope", "The access token lacks the scope openid.")
    row = _find(token, parts)
    if row is None:
        return _refusal(
            parts, 401, "invalid_token", "The access token has expired, was revoked, or is not for this endpoint."
        )
    return _released(row, token, client, parts)


def _is_current(token: AccessToken, client: Client, parts: EndpointParts) -> bool:
    started = client.not_before
    return client.is_active(parts.clock.now()) and (started is None or token.issued_at >= started)


def _find(token: AccessToken, parts: EndpointParts) -> Mapping[str, Any] | None:
    values = {
        "reference": token.reference,
        "client": token.client_id,
        "jti": sha256(token.jti),
        "environment": parts.settings.environment,
        "now": parts.clock.now(),
    }
    statement = _PERSON_AND_ORGANIZATION if "organization" in token.scopes else _PERSON
    with parts.database.read() as connection:
        # Where no claim was asked for, the person's row is not read.
        if not claims_of_scopes(token.scopes):
            rows = _GRANT.rows(connection, values)
            if not rows or not rows[0].claims.get("userinfo"):
                return rows[0]._asdict() if rows else None
        rows = statement.rows(connection, values)
    return rows[0]._asdict() if rows else None


def _released(row: Mapping[str, Any], token: AccessToken, client: Client, parts: EndpointParts) -> Answer:
    declined = frozenset(row["claims"].get("declined", ()))
    names = (claims_of_scopes(token.scopes) | frozenset(row["claims"].get("userinfo", ()))) - declined
    # What staff have taken from the registration since, no token brings any more.
    names &= claims_of_scopes(client.scope)
    profile = profile_of(row, parts.keyring, parts.clock.now())
    claims: dict[str, Any] = values_of(profile, names) if names else {}
    claims["sub"] = row["sub"]
    alg = client.userinfo_signed_response_alg
    if alg is None:
        return json_answer(200, claims)
    signed = parts.keyring.sign({**claims, "iss": parts.settings.issuer, "aud": client.client_id}, typ="JWT", alg=alg)
    try:
        body = parts.checks.encryptor.encrypted(signed, client, "userinfo")
    except ProtocolError as error:
        return error_answer(error)
    return Answer(200, body.encode(), (("Content-Type", "application/jwt"), *NO_STORE))


def _refusal(parts: EndpointParts, status: int, error: str, description: str) -> Answer:
    return _challenging(parts, refusal(_REALM, ProtocolError(error, description, status=status)))


def _challenging(parts: EndpointParts, answer: Answer) -> Answer:
    """Add to each challenge where this resource's metadata is (RFC 9728 §5.1)."""
    place = f', resource_metadata="{parts.settings.issuer}{USERINFO_METADATA_PATH}"'
    headers = tuple((name, value + place if name == "WWW-Authenticate" else value) for name, value in answer.headers)
    return Answer(answer.status, answer.body, headers)


USERINFO = Endpoint("/userinfo", frozenset({"GET", "POST"}), "userinfo_endpoint", _answer, allows_cors=True)
