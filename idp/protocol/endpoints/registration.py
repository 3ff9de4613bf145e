"""Dynamic client registration (RFC 7591 §3) and its management (RFC 7592 §2), at one address.

Whoever registers shows an initial access token, whoever manages the registration access token of that client; without
one nothing is said, not even whether a client exists.
"""

from collections.abc import Mapping
from typing import Any, Final

from idp.foundation.errors import ProtocolError
from idp.foundation.masked import Masked
from idp.protocol.endpoints.bearer import bearer_error
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import NO_STORE, Answer, Request, error_answer, json_answer, parse_json
from idp.registry.dynamic import Managed, uses_secret
from idp.registry.views import Refused

# The provider's own members: a client that sends them back has mistaken them for its own (RFC 7592 §2.2).
_NEVER_SENT: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)
_NO_TOKEN = Answer(401, b"", (("WWW-Authenticate", 'Bearer realm="register"'), *NO_STORE))
_BAD_TOKEN = bearer_error(401, "invalid_token", "The token is not valid here.")


def _answer(request: Request, parts: EndpointParts) -> Answer:
    scheme, _, token = request.authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return _NO_TOKEN
    try:
        if request.method == "POST":
            return _register(request, parts, token.strip())
        return _manage(request, parts, token.strip())
    except ProtocolError as error:
        return error_answer(error)


def _register(request: Request, parts: EndpointParts, token: str) -> Answer:
    permission = parts.dynamic_registration.permission(token)
    if permission is None:
        return _BAD_TOKEN
    metadata = _metadata(request, parts)
    outcome = parts.dynamic_registration.register(permission, metadata)
    if outcome is None:
        return _BAD_TOKEN
    return _refusal(outcome) if isinstance(outcome, Refused) else _shown(outcome, parts, 201)


def _manage(request: Request, parts: EndpointParts, token: str) -> Answer:
    managed = parts.dynamic_registration.find(request.query.get("client_id", ""), token)
    if managed is None:
        return _BAD_TOKEN
    if managed.is_suspended:
        return bearer_error(403, "insufficient_scope", "This client is suspended.")
    if request.method == "GET":
        return _shown(managed, parts)
    return _delete(managed, parts) if request.method == "DELETE" else _update(request, managed, parts)


def _update(request: Request, managed: Managed, parts: EndpointParts) -> Answer:
    metadata = _metadata(request, parts)
    if metadata.get("client_id") != managed.client_id:
        raise ProtocolError("invalid_client_metadata", "client_id must be the id of this client.")
    sent = [name for name in _NEVER_SENT if name in metadata]
    if sent:
        raise ProtocolError("invalid_client_metadata", f"{sent[0]} must not be sent (RFC 7592 section 2.2).")
    outcome = parts.dynamic_registration.update(managed, metadata)
    if outcome is None:
        return _BAD_TOKEN
    return _refusal(outcome) if isinstance(outcome, Refused) else _shown(outcome, parts)


def _delete(managed: Managed, parts: EndpointParts) -> Answer:
    client_id = managed.client_id
    with parts.database.transaction():
        parts.dynamic_registration.delete(managed)
        sweep = parts.sessions.sweeps.begin(client_id, reason="client_deleted", actor=f"client:{client_id}")
    parts.sessions.sweeps.run(sweep, most_batches=1)
    return Answer(204, b"", NO_STORE)


def _metadata(request: Request, parts: EndpointParts) -> Mapping[str, Any]:
    metadata = parse_json(request.body)
    return metadata if "software_statement" not in metadata else parts.software_statements.applied(metadata)


def _refusal(refused: Refused) -> Answer:
    problem = refused.problems[0]
    # The text is for a developer's eyes; RFC 6749 §5.2 keeps quotes and what is not ASCII out of it.
    said = "; ".join(str(problem) for problem in refused.problems)
    safe = "".join(sign if " " <= sign <= "~" and sign not in '"\\' else "?" for sign in said)
    return error_answer(ProtocolError(problem.error, safe[:1000]))


def _shown(managed: Managed, parts: EndpointParts, status: int = 200) -> Answer:
    secret: dict[str, Any] = {}
    if managed.secret is not None:
        secret = {"client_secret": managed.secret.reveal(), "client_secret_expires_at": 0}
    elif uses_secret(managed.metadata):
        secret = {"client_secret_expires_at": 0}
    return json_answer(
        status,
        {
            **managed.metadata,
            **secret,
            "client_id": managed.client_id,
            "client_id_issued_at": int(managed.created_at.timestamp()),
            "registration_client_uri": f"{parts.settings.issuer}{REGISTRATION.path}?client_id={managed.client_id}",
            "registration_access_token": (managed.token or Masked("")).reveal(),
        },
    )


REGISTRATION = Endpoint(
    "/register",
    frozenset({"GET", "POST", "PUT", "DELETE"}),
    "registration_endpoint",
    _answer,
    takes_json=True,
)
