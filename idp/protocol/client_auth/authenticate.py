"""Client authentication (RFC 6749 §2.3, OpenID Connect Core §9): exactly one method, the registered one, of a live
client.
"""

from dataclasses import dataclass

from idp.foundation.errors import ProtocolError
from idp.protocol.client_auth import CLIENT_AUTH_METHODS, ClientAuthContext
from idp.protocol.client_auth.method import ClientAuthMethod
from idp.protocol.messages import Request
from idp.registry.client import Client
from idp.registry.errors import RegistryUnavailable
from idp.registry.members import SECRET_METHODS
from idp.registry.service import Registry

# One answer for every reason, with what an honest client may have wrong.
_REFUSED = (
    "The client could not be authenticated. Compare the client_id, the secret or key, the clock, and the registered "
    "token_endpoint_auth_method."
)


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client and the method by which it proved itself."""

    client: Client
    method: str


class ClientAuthenticator:
    """Finds out which client sends a request."""

    def __init__(self, registry: Registry, context: ClientAuthContext) -> None:
        self._registry = registry
        self._context = context

    def authenticate(self, request: Request) -> AuthenticatedClient:
        """Return the client. Raises ProtocolError: invalid_client (401), or invalid_request for two methods."""
        presented = [
            (method, claimed) for method in CLIENT_AUTH_METHODS if (claimed := method.claimed_id(request)) is not None
        ]
        if len(presented) > 1 and not all(method.only_names for method, _ in presented):
            raise ProtocolError("invalid_request", "The client uses more than one way to authenticate.")
        if not presented:
            raise ProtocolError("invalid_client", "The client does not authenticate.", status=401)
        claimed = presented[0][1]
        client = self._registry.get(claimed) if claimed else None
        method = next((method for method, _ in presented if _is_registered(client, method)), None)
        if client is None or method is None or not self._may(client, method, request):
            refusal = _REFUSED if client is None or method else self._other_way(client, presented[0][0], request)
            raise ProtocolError("invalid_client", refusal, status=401)
        if request.form.get("client_id", client.client_id) != client.client_id:
            raise ProtocolError("invalid_request", "The client_id is not that of the authenticated client.")
        return AuthenticatedClient(client, method.name)

    def spoken_for(self, request: Request) -> str | None:
        """Return the client in whose name a request comes, whether or not it proves that; None if there is none."""
        try:
            claimed = next(filter(None, (method.claimed_id(request) for method in CLIENT_AUTH_METHODS)), None)
            return claimed if claimed and self._registry.get(claimed) else None
        except (ProtocolError, RegistryUnavailable):
            return None

    def _other_way(self, client: Client, method: ClientAuthMethod, request: Request) -> str:
        """Say which way is registered to whoever has the secret, and so could find out by trying; to nobody else."""
        registered = client.token_endpoint_auth_method
        if {method.name, registered} <= SECRET_METHODS and self._may(client, method, request):
            return f"The secret is right, but it came by {method.name}: this client is registered for {registered}."
        return _REFUSED

    def _may(self, client: Client, method: ClientAuthMethod, request: Request) -> bool:
        is_here = client.environment == self._context.settings.environment and client.is_active(
            self._context.clock.now()
        )
        return is_here and method.verify(request, client, self._context)


def _is_registered(client: Client | None, method: ClientAuthMethod) -> bool:
    return client is not None and client.token_endpoint_auth_method == method.name
