"""Mutual TLS with a certificate that the client registered in its key set (RFC 8705 §2.2). Nobody else vouches for it,
so that its chain and its dates mean nothing here.
"""

from idp.foundation.digests import b64url, sha256
from idp.keyring.certificates import der_of_x5c
from idp.protocol.client_auth.method import ClientAuthContext, ClientAuthMethod, named_id
from idp.protocol.messages import Request
from idp.registry.client import Client


def _verify(request: Request, client: Client, context: ClientAuthContext) -> bool:
    keys = context.keys.of(client, None) if request.certificate is not None else None
    if request.certificate is None or keys is None:
        return False
    registered = (der_of_x5c(key.get("x5c")) for key in keys.keys)
    thumbprints = {b64url(sha256(der)) for der in registered if der is not None}
    return request.certificate.thumbprint in thumbprints


SELF_SIGNED_TLS_CLIENT_AUTH = ClientAuthMethod(
    "self_signed_tls_client_auth",
    named_id,
    _verify,
    only_names=True,
    is_offered=lambda settings: bool(settings.client_certificate_header),
)
