"""The certificate that a client showed to the proxy in front of us (RFC 8705 §5 and §6.5, RFC 9700 §4.13).

We never see the client's TLS connection: a trusted proxy hands the certificate over in a header that it sets on every
request. From anybody else the header is taken away before it can be read.
"""

import base64
import binascii
import re
from urllib.parse import unquote
from wsgiref.types import WSGIEnvironment

from idp.foundation.errors import ProtocolError
from idp.foundation.settings import Settings
from idp.protocol.messages import ClientCertificate

_PEM = re.compile(
    r"\s*-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*",
)
_LONGEST = 16_384
_VERIFIED = "SUCCESS"


def forget_certificate(environ: WSGIEnvironment, settings: Settings) -> None:
    """Take the headers away from a request that did not come through a trusted proxy."""
    for header in (settings.client_certificate_header, settings.client_certificate_verified_header):
        if header:
            environ.pop(_name_of(header), None)


def certificate_of(environ: WSGIEnvironment, settings: Settings) -> ClientCertificate | None:
    """Return the certificate of the client, None if it showed none. Raises ProtocolError(invalid_request)."""
    if not settings.client_certificate_header:
        return None
    escaped: str = environ.get(_name_of(settings.client_certificate_header), "")
    if not escaped:
        return None
    match = _PEM.fullmatch(unquote(escaped)) if len(escaped) <= _LONGEST else None
    try:
        der = base64.b64decode("".join(match[1].split()), validate=True) if match else b""
    except (binascii.Error, ValueError):
        der = b""
    if not der:
        raise ProtocolError("invalid_request", "The client certificate cannot be read.")
    return ClientCertificate(der, is_verified=_is_verified(environ, settings))


def _is_verified(environ: WSGIEnvironment, settings: Settings) -> bool:
    header = settings.client_certificate_verified_header
    return bool(header) and environ.get(_name_of(header)) == _VERIFIED


def _name_of(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")
