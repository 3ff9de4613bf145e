"""Who calls an API of ours with an access token of its own (RFC 6750 §2.1 and §3.1, RFC 9068 §4, RFC 9449 §7).

For clients that act for themselves: a token that a person stands behind opens none of these endpoints.
"""

from dataclasses import dataclass

from idp.foundation.errors import ProtocolError
from idp.protocol.binding.resource import challenges, presented_token, refusal
from idp.protocol.binding.values import binding_of
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import NO_STORE, Answer, Request
from idp.protocol.tokens.access_token import AccessToken
from idp.registry.client import Client

_REALM = "api"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is refused, as an answer."""

    answer: Answer


def calling_client(request: Request, parts: EndpointParts, *scopes: str) -> Client | Refusal:
    """Return the client whose token has one of the scopes, or the answer to one without."""
    presented = presented_token(request)
    if presented is None:
        return Refusal(Answer(401, b"", (*challenges(_REALM), *NO_STORE)))
    token = parts.access_tokens.read(presented.text)
    client = parts.registry.get(token.client_id) if token else None
    if token is None or client is None or not _is_alive(token, client, parts):
        return Refusal(
            bearer_error(401, "invalid_token", "The access token has expired, was revoked, or is of no use.")
        )
    try:
        parts.constraints.admit(request, presented, binding_of(token.claims), client)
    except ProtocolError as error:
        return Refusal(refusal(_REALM, error, presented.scheme))
    if (token.scopes & client.scope).isdisjoint(scopes):
        return Refusal(bearer_error(403, "insufficient_scope", f"The access token lacks the scope {scopes[0]}."))
    return client


def bearer_error(status: int, error: str, description: str) -> Answer:
    """Return an error in the body and in the challenge (RFC 6750 §3)."""
    return refusal(_REALM, ProtocolError(error, description, status=status))


def _is_alive(token: AccessToken, client: Client, parts: EndpointParts) -> bool:
    if token.reference is not None or token.sub != client.client_id:
        return False
    started = client.not_before
    if not client.is_active(parts.clock.now()) or (started is not None and token.issued_at < started):
        return False
    return not parts.revoked.is_revoked(token.jti)
