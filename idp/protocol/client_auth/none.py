"""Public clients name themselves and prove nothing; PKCE binds what they get (RFC 6749 §2.1, RFC 9700 §2.1.1)."""

from idp.protocol.client_auth.method import ClientAuthContext, ClientAuthMethod, named_id
from idp.protocol.messages import Request
from idp.registry.client import Client


def _verify(_request: Request, client: Client, _context: ClientAuthContext) -> bool:
    return client.is_public


NONE = ClientAuthMethod("none", named_id, _verify, only_names=True)
