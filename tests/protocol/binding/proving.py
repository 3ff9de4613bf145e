"""A site that proves itself: by a DPoP key (RFC 9449), by a TLS certificate that a proxy hands over (RFC 8705). Written
from the specifications, without the product's code.
"""

import base64
import datetime as dt
import hashlib
import ipaddress
import itertools
import json
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.relying_party import RelyingParty

CERTIFICATE_HEADER = "X-SSL-Client-Cert"
VERIFIED_HEADER = "X-SSL-Client-Verify"
MUTUAL_TLS = {
    "IDP_TRUSTED_PROXIES": "127.0.0.1",
    "IDP_CLIENT_CERTIFICATE_HEADER": CERTIFICATE_HEADER,
    "IDP_CLIENT_CERTIFICATE_VERIFIED_HEADER": VERIFIED_HEADER,
    "IDP_MTLS_ORIGIN": "https://mtls.id.example",
}
_jtis = itertools.count(1)


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _number(value: int, length: int) -> str:
    return b64(value.to_bytes(length, "big"))


class DPoPKey:
    """A key of a client, and the proofs it signs."""

    def __init__(self, alg: str = "ES256") -> None:
        self.alg = alg
        self._key: Any = {
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }.get(alg, lambda: rsa.generate_private_key(65_537, 2048))()

    def __repr__(self) -> str:
        # The same in every process: names of tests are made of it.
        return f"DPoPKey({self.alg})"

    @property
    def jwk(self) -> dict[str, str]:
        public = self._key.public_key()
        if self.alg == "ES256":
            point = public.public_numbers()
            return {"crv": "P-256", "kty": "EC", "x": _number(point.x, 32), "y": _number(point.y, 32)}
        if self.alg == "EdDSA":
            return {"crv": "Ed25519", "kty": "OKP", "x": b64(public.public_bytes_raw())}
        return {"e": "AQAB", "kty": "RSA", "n": _number(public.public_numbers().n, 256)}

    @property
    def thumbprint(self) -> str:
        """RFC 7638: the members in their order, without blanks."""
        return b64(hashlib.sha256(json.dumps(self.jwk, separators=(",", ":"), sort_keys=True).encode()).digest())

    @property
    def private_member(self) -> str:
        return _number(self._key.private_numbers().private_value, 32)

    def signature(self, data: bytes) -> bytes:
        if self.alg == "ES256":
            r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if self.alg == "EdDSA":
            return bytes(self._key.sign(data))
        scheme = padding.PKCS1v15() if self.alg == "RS256" else padding.PSS(padding.MGF1(SHA256()), 32)
        return bytes(self._key.sign(data, scheme, SHA256()))

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{signed}.{b64(self.signature(signed.encode()))}"

    def proof(
        self,
        method: str,
        uri: str,
        now: dt.datetime,
        *,
        token: str | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return a good proof; changes replace claims, None removes one."""
        claims = {"jti": f"jti-{next(_jtis)}", "htm": method, "htu": uri, "iat": int(now.timestamp())}
        if token is not None:
            claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
        head = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.jwk} | (header or {})
        return self.sign(head, {name: value for name, value in (claims | changes).items() if value is not None})


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
        key = {"kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}
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
