"""Who calls an API of ours with an access token of its own (RFC 6750 §2.1 and §3.1, RFC 9068 §4).

For clients that act for themselves: a token that a person stands behind opens none of these endpoints.
"""

from dataclasses import dataclass

from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import NO_STORE, Answer, Request, json_answer
from idp.protocol.tokens.access_token import AccessToken
from idp.registry.client import Client

_BEARER = "Bearer"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is refused, as an answer."""

    answer: Answer


def calling_client(request: Request, parts: EndpointParts, *scopes: str) -> Client | Refusal:
    """Return the client whose token has one of the scopes, or the answer to one without."""
    scheme, _, text = request.authorization.partition(" ")
    if scheme.lower() != _BEARER.lower() or not text.strip():
        return Refusal(Answer(401, b"", (("WWW-Authenticate", f'{_BEARER} realm="api"'), *NO_STORE)))
    token = parts.access_tokens.read(text.strip())
    client = parts.registry.get(token.client_id) if token else None
    if token is None or client is None or not _is_alive(token, client, parts):
        return Refusal(
            bearer_error(401, "invalid_token", "The access token has expired, was revoked, or is of no use.")
        )
    if token.scopes.isdisjoint(scopes):
        return Refusal(bearer_error(403, "insufficient_scope", f"The access token lacks the scope {scopes[0]}."))
    return client


def bearer_error(status: int, error: str, description: str) -> Answer:
    """Return an error in the body and in the challenge (RFC 6750 §3)."""
    header = f'{_BEARER} realm="api", error="{error}", error_description="{description}"'
    return json_answer(
        status, {"error": error, "error_description": description}, headers=(("WWW-Authenticate", header), *NO_STORE)
    )


def _is_alive(token: AccessToken, client: Client, parts: EndpointParts) -> bool:
    # One that is bound to a key is never taken as a bearer token (RFC 9449 §7.2, RFC 8705 §3).
    if token.reference is not None or "cnf" in token.claims or token.sub != client.client_id:
        return False
    started = client.not_before
    if not client.is_active(parts.clock.now()) or (started is not None and token.issued_at < started):
        return False
    return not parts.revoked.is_revoked(token.jti)
