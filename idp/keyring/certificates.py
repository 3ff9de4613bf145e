"""X.509 certificates of clients (RFC 5280): the names they bear, as RFC 8705 §2.1.2 registers them, and when they end.
Nothing is verified here: the TLS layer has done that.
"""

import base64
import binascii
import ipaddress
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from idp.foundation.translation import said

_LONGEST = 16_384
_ATTRIBUTES = {
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "E": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
}


def problem_of_subject_dn(text: str) -> str | None:
    """Return what is wrong with the text form of a subject (RFC 4514), None if nothing is."""
    with suppress(ValueError):
        if next(iter(_dn(text)), None) is not None:
            return None
    return said("is not a distinguished name as RFC 4514 writes it, such as CN=portal,O=Tax Bureau,C=CN")


def der_of_x5c(chain: object) -> bytes | None:
    """Return the first certificate of a JWK's x5c (RFC 7517 §4.7); None if there is none that can be read."""
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str) or len(chain[0]) > _LONGEST:
        return None
    try:
        der = base64.b64decode(chain[0], validate=True)
    except (binascii.Error, ValueError):
        return None
    return None if _read(der) is None else der


def ends_at(der: bytes) -> datetime | None:
    """Return when a certificate ends (RFC 5280 §4.1.2.5), None if it cannot be read."""
    certificate = _read(der)
    return None if certificate is None else certificate.not_valid_after_utc


def bears_name(der: bytes, member: str, expected: str) -> bool:
    """Tell whether a certificate bears the name that was registered under a member of RFC 8705 §2.1.2."""
    certificate = _read(der)
    if certificate is None:
        return False
    try:
        return _NAMES[member](certificate, expected)
    except ValueError:
        return False


def _read(der: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return None


def _dn(text: str) -> x509.Name:
    return x509.Name.from_rfc4514_string(text, _ATTRIBUTES)


def _alternatives(certificate: x509.Certificate, kind: type[x509.GeneralName]) -> list[object]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(extension.value.get_values_for_type(kind))  # type: ignore[arg-type] # one overload a kind


def _has_subject(certificate: x509.Certificate, expected: str) -> bool:
    return certificate.subject == _dn(expected)


def _has_dns(certificate: x509.Certificate, expected: str) -> bool:
    return expected.lower() in {str(name).lower() for name in _alternatives(certificate, x509.DNSName)}


def _has_uri(certificate: x509.Certificate, expected: str) -> bool:
    return expected in _alternatives(certificate, x509.UniformResourceIdentifier)


def _has_ip(certificate: x509.Certificate, expected: str) -> bool:
    return ipaddress.ip_address(expected) in _alternatives(certificate, x509.IPAddress)


def _has_email(certificate: x509.Certificate, expected: str) -> bool:
    return expected in _alternatives(certificate, x509.RFC822Name)


_NAMES: dict[str, Callable[[x509.Certificate, str], bool]] = {
    "tls_client_auth_subject_dn": _has_subject,
    "tls_client_auth_san_dns": _has_dns,
    "tls_client_auth_san_uri": _has_uri,
    "tls_client_auth_san_ip": _has_ip,
    "tls_client_auth_san_email": _has_email,
}
