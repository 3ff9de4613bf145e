"""The device authorization endpoint (RFC 8628 §3.1 and §3.2): a device without a browser asks for its two codes."""

from urllib.parse import urlencode

from idp.foundation.errors import ProtocolError
from idp.foundation.logging import request_context
from idp.foundation.throttle import Charged
from idp.protocol.authorization_details.requested import PARAMETER, requested_details, with_locations
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import Answer, Request, error_answer, json_answer
from idp.protocol.scopes import understood_scopes
from idp.protocol.server import challenge
from idp.registry.client import Client
from idp.registry.members import DEVICE_CODE

VERIFICATION_PATH = "/device"


def _answer(request: Request, parts: EndpointParts) -> Answer:
    try:
        client = parts.authenticator.authenticate(request).client
        return _started(request, client, parts)
    except ProtocolError as error:
        return error_answer(error, headers=challenge(request, error))


def _started(request: Request, client: Client, parts: EndpointParts) -> Answer:
    if DEVICE_CODE not in client.grant_types:
        raise ProtocolError("unauthorized_client", "This client may not use the device authorization grant.")
    scopes = understood_scopes(request.form.get("scope"), client)
    now = parts.clock.now()
    details = requested_details(request.form.get(PARAMETER), client, parts.resources, now)
    resources = with_locations(parts.resources.allowed(request.form.get("resource"), client, now), details)
    context = request_context.get()
    if client.is_public and not isinstance(
        parts.device_limits.charge_request(client.client_id, context.network), Charged
    ):
        raise ProtocolError("temporarily_unavailable", "Too many devices ask from here. Try again later.", status=503)
    codes = parts.devices.start(
        client.client_id,
        " ".join(sorted(scopes)),
        network=context.network,
        user_agent=context.user_agent,
        resources=" ".join(resources) or None,
        authorization_details=details,
    )
    parts.tally.count_call("device_authorization", client.client_id)
    address = parts.settings.issuer + VERIFICATION_PATH
    return json_answer(
        200,
        {
            "device_code": codes.device_code,
            "user_code": codes.shown,
            "verification_uri": address,
            "verification_uri_complete": f"{address}?{urlencode({'user_code': codes.shown})}",
            "expires_in": codes.expires_in,
            "interval": codes.interval,
        },
    )


DEVICE_AUTHORIZATION = Endpoint("/device_authorization", frozenset({"POST"}), "device_authorization_endpoint", _answer)
