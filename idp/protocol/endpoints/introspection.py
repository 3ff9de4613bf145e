"""Token introspection (RFC 7662), plain, or signed and perhaps encrypted (RFC 9701).

A client learns about its own tokens, and a resource server about those that are for one of its resources (RFC 8707);
whatever else is asked about is simply not active (§2.2).
"""

from typing import Any

from idp.foundation.errors import ProtocolError
from idp.protocol.binding.values import Binding, binding_of
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import NO_STORE, Answer, Request, error_answer, json_answer
from idp.protocol.server import challenge
from idp.registry.client import Client

_SIGNED_TYP = "token-introspection+jwt"
_SIGNED_TYPE = f"application/{_SIGNED_TYP}"
_INACTIVE = {"active": False}
_SHOWN = (
    *("iss", "sub", "aud", "client_id", "iat", "exp", "jti", "auth_time", "acr", "act", "cnf"),
    "authorization_details",
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
    parts.tally.count_call("introspection", client.client_id)
    told = _about_access_token(text, client, parts) or _about_refresh_token(text, client, parts) or _INACTIVE
    return _signed(told, client, parts) if _wants_signature(request) else json_answer(200, told)


def _wants_signature(request: Request) -> bool:
    accepted = (part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(","))
    return _SIGNED_TYPE in accepted


def _signed(told: dict[str, Any], client: Client, parts: EndpointParts) -> Answer:
    """Return the answer as a JWT for this caller alone (RFC 9701 §5); its type keeps it from passing for a token."""
    claims = {
        "iss": parts.settings.issuer,
        "aud": client.client_id,
        "iat": int(parts.clock.now().timestamp()),
        "token_introspection": told,
    }
    signed = parts.keyring.sign(claims, typ=_SIGNED_TYP, alg=client.introspection_signed_response_alg)
    try:
        body = parts.checks.encryptor.encrypted(signed, client, "introspection")
    except ProtocolError as error:
        return error_answer(error)
    return Answer(200, body.encode(), (("Content-Type", _SIGNED_TYPE), *NO_STORE))


def _about_access_token(text: str, client: Client, parts: EndpointParts) -> dict[str, Any] | None:
    token = parts.access_tokens.read_any(text)
    if token is None or not (token.client_id == client.client_id or token.audience in client.resource_identifiers):
        return None
    if not parts.live_tokens.is_live(token):
        return None
    shown: dict[str, Any] = {name: token.claims[name] for name in _SHOWN if name in token.claims}
    token_type = binding_of(token.claims).token_type
    return {"active": True, "token_type": token_type, **shown, **({"scope": token.scope} if token.scope else {})}


def _about_refresh_token(text: str, client: Client, parts: EndpointParts) -> dict[str, Any] | None:
    presented = parts.refresh_tokens.read(text)
    if presented is None or presented.family.client_id != client.client_id:
        return None
    family = presented.family
    state = parts.families.state(family.id)
    if state is None or not state.is_live or presented.generation != state.generation:
        return None
    return {
        "active": True,
        "client_id": family.client_id,
        "sub": family.sub,
        "scope": family.scope,
        "iss": parts.settings.issuer,
        **({"authorization_details": family.authorization_details} if family.authorization_details else {}),
        **Binding(family.bound_jkt, family.bound_x5t).claims,
    }


INTROSPECTION = Endpoint("/introspect", frozenset({"POST"}), "introspection_endpoint", _answer)
