"""Whose word is taken for a device: the makers and models that this deployment has listed (Web Authentication Level 3
§8.2).

Only ``packed`` attestations with a certificate count; the library verifies signature and chain, here is what it leaves
out: the requirements of §8.2.1 on the certificate, the model, and that the key cannot be copied (NIST SP 800-63B-4
§2.3). Without roots and models in the settings nothing is attested.
"""

from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.bindings.openssl.binding import Binding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from idp.foundation.errors import ConfigurationError
from idp.foundation.settings import Settings

_AAGUID_OF_MODEL: Final = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_OCTET_STRING_OF_16 = b"\x04\x10"
_UNIT = "Authenticator Attestation"


@dataclass(frozen=True, slots=True)
class AttestationPolicy:
    """The certificates of trusted makers, in PEM, and the models of theirs that are accepted."""

    roots: tuple[bytes, ...] = ()
    models: frozenset[UUID] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the policy that a deployment chose. Raises ConfigurationError for what is no certificate."""
        text = settings.attestation_roots
        try:
            roots = x509.load_pem_x509_certificates(text.encode()) if text else []
        except ValueError as error:
            raise ConfigurationError("IDP_ATTESTATION_ROOTS: holds something that is no certificate.") from error
        return cls(tuple(root.public_bytes(Encoding.PEM) for root in roots), settings.attestation_models)

    def accepts(self, certificate: bytes, aaguid: UUID) -> bool:
        """Tell whether a certificate, whose chain is verified already, vouches for this model. Raises ValueError."""
        if not self.roots or aaguid not in self.models:
            return False
        return _is_for_attestation(x509.load_der_x509_certificate(certificate), aaguid)


def forget_openssl_errors() -> None:
    """Empty this thread's queue of OpenSSL errors. A chain that does not verify leaves its own there (pyOpenSSL), and
    the next use of OpenSSL in the thread would report them as its own.
    """
    Binding().lib.ERR_clear_error()


def _is_for_attestation(certificate: x509.Certificate, aaguid: UUID) -> bool:
    units = [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    if certificate.version is not x509.Version.v3 or units != [_UNIT]:
        return False
    try:
        if certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        model = certificate.extensions.get_extension_for_oid(_AAGUID_OF_MODEL).value
    except x509.ExtensionNotFound as missing:
        # The model need not be named; the constraint must be.
        return missing.oid == _AAGUID_OF_MODEL
    return isinstance(model, x509.UnrecognizedExtension) and model.value == _OCTET_STRING_OF_16 + aaguid.bytes
