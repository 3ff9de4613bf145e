"""Mutual TLS with a certificate of an authority (RFC 8705 §2.1): the proxy has verified its chain, here the registered
name is found in it.
"""

from idp.keyring.certificates import bears_name
from idp.protocol.client_auth.method import ClientAuthContext, ClientAuthMethod, named_id
from idp.protocol.messages import Request
from idp.registry.client import Client


def _verify(request: Request, client: Client, _context: ClientAuthContext) -> bool:
    certificate = request.certificate
    if certificate is None or not certificate.is_verified or client.tls_client_auth is None:
        return False
    return bears_name(certificate.der, *client.tls_client_auth)


TLS_CLIENT_AUTH = ClientAuthMethod(
    "tls_client_auth",
    named_id,
    _verify,
    only_names=True,
    is_offered=lambda settings: bool(settings.client_certificate_verified_header),
)
