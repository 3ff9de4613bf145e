"""Pushed authorization requests at the authorization endpoint (RFC 9126 §4): the reference stands for the whole request
and nothing beside it counts. No other ``request_uri`` is ever fetched (RFC 9101 §10.4).
"""

from idp.foundation.errors import ProtocolError
from idp.protocol.artefacts.pushed_request import REQUEST_URI_PREFIX
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.checks.outside import answer_outside


def check_pushed_request(request: AuthorizationRequest, context: CheckContext) -> None:
    """Put the pushed parameters in place of the reference; insist on one where the registration does."""
    reference = request.get("request_uri")
    if reference is None:
        if request.client.require_pushed_authorization_requests and not request.is_at_par:
            answer_outside(request, context)
            raise ProtocolError("invalid_request", "This client must push its authorization requests (RFC 9126).")
        return
    if request.get("request") is not None:
        answer_outside(request, context)
        raise ProtocolError("invalid_request", "A request and a request_uri cannot be used together.")
    if not reference.startswith(REQUEST_URI_PREFIX):
        answer_outside(request, context)
        raise ProtocolError("request_uri_not_supported", "Only a request_uri that was issued here is accepted.")
    pushed = context.pushed.find(reference, request.client.client_id, request.opened_at or context.clock.now())
    if pushed is None:
        raise ProtocolError("invalid_request_uri", "The request_uri has expired, was used, or is not this client's.")
    request.use_pushed(reference, pushed)
