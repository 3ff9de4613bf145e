"""Only the code flow: no token ever travels through the browser (RFC 9700 §2.1.2)."""

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext

RESPONSE_TYPES = ("code",)


def check_response_type(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Accept ``code`` and nothing else."""
    response_type = request.get("response_type")
    if response_type is None:
        raise ProtocolError("invalid_request", "The response_type is missing.")
    if response_type not in RESPONSE_TYPES or response_type not in request.client.response_types:
        raise ProtocolError("unsupported_response_type", "Only the response_type code is offered.")
