"""The pushed authorization request endpoint (RFC 9126 §2): the client is authenticated as at the token endpoint, the
request is checked as at the authorization endpoint, and a reference is given for it.
"""

from idp.foundation.errors import ProtocolError
from idp.foundation.logging import request_context
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.checks import AUTHORIZATION_CHECKS
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import Answer, Request, error_answer, json_answer
from idp.protocol.server import challenge
from idp.registry.client import Client

_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


def _answer(request: Request, parts: EndpointParts) -> Answer:
    try:
        client = parts.authenticator.authenticate(request).client
        pause = parts.push_limit.charge(client.client_id, request_context.get().network)
        if pause:
            return _too_often(pause)
        parameters = checked_parameters(request, client, parts)
    except ProtocolError as error:
        return error_answer(error, headers=challenge(request, error))
    request_uri = parts.pushed.push(client.client_id, parameters)
    parts.tally.count_call("pushed_authorization_request", client.client_id)
    return json_answer(201, {"request_uri": request_uri, "expires_in": parts.pushed.lifetime_seconds})


def _too_often(pause: int) -> Answer:
    error = ProtocolError("temporarily_unavailable", "Too many requests are pushed from here.", status=429)
    return error_answer(error, headers=(("Retry-After", str(pause)),))


def checked_parameters(request: Request, client: Client, parts: EndpointParts) -> dict[str, str]:
    """Return the parameters that an authorization will run with. Raises ProtocolError."""
    given = {name: value for name, value in request.form.items() if name not in _CREDENTIALS}
    if "request_uri" in given:
        raise ProtocolError("invalid_request", "A request_uri cannot be pushed.")
    asked = AuthorizationRequest(given | {"client_id": client.client_id}, is_at_par=True)
    for check in AUTHORIZATION_CHECKS:
        check(asked, parts.checks)
    # Last, because a request object has taken the place of what stood beside it (RFC 9449 §10.1).
    key = parts.constraints.pushed_key(request, client, asked.get("dpop_jkt"))
    return {**asked.parameters} if key is None else {**asked.parameters, "dpop_jkt": key}


PAR = Endpoint("/par", frozenset({"POST"}), "pushed_authorization_request_endpoint", _answer, allows_cors=True)
