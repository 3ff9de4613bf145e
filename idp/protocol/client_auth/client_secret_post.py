"""The client's id and secret in the form (RFC 6749 §2.3.1); for clients that cannot do Basic."""

from idp.protocol.client_auth.method import ClientAuthContext, ClientAuthMethod
from idp.protocol.messages import Request
from idp.registry.client import Client


def _claimed_id(request: Request) -> str | None:
    return request.form.get("client_id", "") if "client_secret" in request.form else None


def _verify(request: Request, client: Client, context: ClientAuthContext) -> bool:
    return client.has_secret(request.form.get("client_secret", ""), context.clock.now())


CLIENT_SECRET_POST = ClientAuthMethod("client_secret_post", _claimed_id, _verify)
