"""DPoP keys and proofs as a client makes them (RFC 9449 §4.2), written from the specification."""

import base64
import datetime as dt
import hashlib
import itertools
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

_jtis = itertools.count(1)


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def number(value: int, length: int) -> str:
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
            return {"crv": "P-256", "kty": "EC", "x": number(point.x, 32), "y": number(point.y, 32)}
        if self.alg == "EdDSA":
            return {"crv": "Ed25519", "kty": "OKP", "x": b64(public.public_bytes_raw())}
        return {"e": "AQAB", "kty": "RSA", "n": number(public.public_numbers().n, 256)}

    @property
    def thumbprint(self) -> str:
        """RFC 7638: the members in their order, without blanks."""
        return b64(hashlib.sha256(json.dumps(self.jwk, separators=(",", ":"), sort_keys=True).encode()).digest())

    @property
    def private_member(self) -> str:
        return number(self._key.private_numbers().private_value, 32)

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
