"""The client must be registered, published and made for this deployment (RFC 6749 §4.1.2.1; rule O1)."""

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext


def check_client(request: AuthorizationRequest, context: CheckContext) -> None:
    """Find the client, or refuse on a page: there is nobody whom an error could be sent to."""
    client_id = request.get("client_id")
    if client_id is None:
        raise ProtocolError("invalid_request", "The client_id is missing.")
    client = context.registry.get(client_id)
    if client is None:
        raise ProtocolError("unauthorized_client", "This client is not registered here.")
    if client.environment != context.settings.environment:
        raise ProtocolError("unauthorized_client", "This client was registered for another deployment.")
    if not client.is_active(context.clock.now()):
        raise ProtocolError("unauthorized_client", "This client is suspended.")
    if "authorization_code" not in client.grant_types:
        raise ProtocolError("unauthorized_client", "This client may not use the authorization code grant.")
    request.known_client = client
