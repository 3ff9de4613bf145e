"""Public clients name themselves and prove nothing; PKCE binds what they get (RFC 6749 §2.1, RFC 9700 §2.1.1)."""

from idp.protocol.client_auth.method import ClientAuthContext, ClientAuthMethod
from idp.protocol.messages import Request
from idp.registry.client import Client


def _claimed_id(request: Request) -> str | None:
    is_other = bool(request.authorization) or "client_secret" in request.form or "client_assertion" in request.form
    return None if is_other else request.form.get("client_id")


def _verify(_request: Request, client: Client, _context: ClientAuthContext) -> bool:
    return client.is_public


NONE = ClientAuthMethod("none", _claimed_id, _verify)
