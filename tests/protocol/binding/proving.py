"""A site that proves itself: by a DPoP key (RFC 9449), by a TLS certificate that a proxy hands over (RFC 8705). Written
from the specifications, without the product's code.
"""

import base64
import datetime as dt
import hashlib
import ipaddress
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.dpop import DPoPKey, b64, number
from tests.support.relying_party import RelyingParty

CERTIFICATE_HEADER = "X-SSL-Client-Cert"
VERIFIED_HEADER = "X-SSL-Client-Verify"
MUTUAL_TLS = {
    "IDP_TRUSTED_PROXIES": "127.0.0.1",
    "IDP_CLIENT_CERTIFICATE_HEADER": CERTIFICATE_HEADER,
    "IDP_CLIENT_CERTIFICATE_VERIFIED_HEADER": VERIFIED_HEADER,
    "IDP_MTLS_ORIGIN": "https://mtls.id.example",
}


class ClientCertificate:
    """A certificate and its key."""

    def __init__(
        self, subject: str = "CN=portal,O=Tax Bureau,C=CN", *, issuer: "ClientCertificate | None" = None
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)
        name = x509.Name.from_rfc4514_string(subject)
        names = [
            x509.DNSName("portal.tax.example"),
            x509.UniformResourceIdentifier("https://portal.tax.example/id"),
            x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
            x509.RFC822Name("portal@tax.example"),
        ]
        self.certificate: x509.Certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer.certificate.subject if issuer else name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .sign(issuer.key if issuer else self.key, SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def thumbprint(self) -> str:
        return b64(hashlib.sha256(self.der).digest())

    @property
    def jwks(self) -> dict[str, Any]:
        """The key set in which a client registers a certificate that it signed itself (RFC 8705 §2.2.2)."""
        point = self.key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}
        return {"keys": [key | {"x5c": [base64.b64encode(self.der).decode()]}]}

    def headers(self, verify: str = "SUCCESS") -> dict[str, str]:
        """What the proxy writes about it: $ssl_client_escaped_cert and $ssl_client_verify of nginx."""
        return {CERTIFICATE_HEADER: quote(self.pem.decode(), safe=""), VERIFIED_HEADER: verify}


class ProvingParty(RelyingParty):
    """A site whose next requests carry what stands in ``key`` and ``certificate``."""

    key: DPoPKey | None = None
    certificate: ClientCertificate | None = None
    verify = "SUCCESS"
    clock: Any = None
    nonce_given: str | None = None
    peer = "127.0.0.1"

    @property
    def issuer(self) -> str:
        return self._issuer

    def turn_to(self, app: Flask) -> None:
        """Ask another node from now on."""
        self._client = app.test_client(use_cookies=False)

    def proof(self, method: str, path: str, *, key: DPoPKey | None = None, **changes: Any) -> str:
        changes.setdefault("nonce", self.nonce_given)
        signer = key or self.key
        assert signer is not None
        return signer.proof(method, self._issuer + path, self.clock.now(), **changes)

    def post(self, path: str, **parameters: str | None) -> TestResponse:
        proof = parameters.pop("proof", self.proof("POST", path) if self.key else None)
        fields = {name: value for name, value in parameters.items() if value is not None}
        headers = {} if proof is None else {"DPoP": proof}
        if self.certificate is not None:
            headers |= self.certificate.headers(self.verify)
        if self.client_secret is None:
            fields.setdefault("client_id", self.client_id)
        else:
            pair = f"{self.client_id}:{self.client_secret}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return self._client.post(
            path,
            base_url=self._issuer,
            data=fields,
            headers=headers,
            environ_base={"REMOTE_ADDR": self.peer},
        )

    def userinfo(self, access_token: str, scheme: str = "Bearer", proof: str | None = None) -> TestResponse:
        headers = {"Authorization": f"{scheme} {access_token}"}
        if proof is not None:
            headers["DPoP"] = proof
        if self.certificate is not None:
            headers |= self.certificate.headers(self.verify)
        return self._client.get(
            "/userinfo", base_url=self._issuer, headers=headers, environ_base={"REMOTE_ADDR": self.peer}
        )

    def bound_userinfo(self, token: str, *, key: DPoPKey | None = None, **changes: Any) -> TestResponse:
        """Ask with a proof for this token."""
        return self.userinfo(token, "DPoP", self.proof("GET", "/userinfo", key=key, **({"token": token} | changes)))
