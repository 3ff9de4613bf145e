"""An authenticator in software: makes and uses passkeys as a browser and its device would, and lies when asked to.

It speaks the JSON that our script sends (Web Authentication Level 3 §5.1), so it drives the same door as Chromium does.
"""

import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from idp.foundation.digests import b64url, unb64url

PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED_DATA = 0x01, 0x04, 0x08, 0x10, 0x40
USUAL = PRESENT | VERIFIED
MODEL = UUID("2fc0579f-8113-47ea-b116-bb5a8db9202a")
_AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_ES256, _EDDSA, _RS256 = -7, -8, -257


class Maker:
    """Who makes devices: a root certificate, and one below it for each model."""

    def __init__(self, model: UUID, *, unit: str = "Authenticator Attestation", names: UUID | None = None) -> None:
        self.model = model
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(ec.SECP256R1())
        root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test maker root")])
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test maker"),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
                x509.NameAttribute(NameOID.COMMON_NAME, "Test model"),
            ]
        )
        self.root = self._certificate(root_name, root_name, self._root_key, is_authority=True)
        self.certificate = self._certificate(name, root_name, self.key, is_authority=False, names=names or model)

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(serialization.Encoding.PEM)

    def _certificate(
        self, subject: x509.Name, issuer: x509.Name, key: Any, *, is_authority: bool, names: UUID | None = None
    ) -> x509.Certificate:
        begin = datetime(2020, 1, 1, tzinfo=UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin.replace(year=2120))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names is not None:
            model = x509.UnrecognizedExtension(_AAGUID_EXTENSION, b"\x04\x10" + names.bytes)
            builder = builder.add_extension(model, critical=False)
        return builder.sign(self._root_key, hashes.SHA256())


@dataclass
class Device:
    """One passkey on one device. ``lies`` replaces parts of what it says, by the names of the parts."""

    origin: str
    algorithm: int = _ES256
    maker: Maker | None = None
    flags: int = USUAL
    counts: bool = True
    credential_id: bytes = b""
    lies: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._key: Any = _new_key(self.algorithm)
        self.credential_id = self.credential_id or hashlib.sha256(_cose(self._key, self.algorithm)).digest()
        self._count = 0
        self.handle = ""

    def make(self, options: str, **lies: Any) -> str:
        """Answer ``navigator.credentials.create``."""
        asked, lies = json.loads(options), self.lies | lies
        self.handle = asked["user"]["id"]
        client_data = self._client_data("webauthn.create", asked["challenge"], lies)
        model = self.maker.model if self.maker else UUID(int=0)
        key = lies.get("key", _cose(self._key, lies.get("algorithm", self.algorithm)))
        credential = model.bytes + struct.pack(">H", len(self.credential_id)) + self.credential_id + key
        data = self._data(asked["rp"]["id"], ATTESTED_DATA, lies) + credential
        statement = self._statement(data + hashlib.sha256(client_data).digest())
        attestation = {"fmt": "packed" if self.maker else "none", "authData": data, "attStmt": statement}
        attestation |= lies.get("attestation", {})
        return self._answer(client_data, attestationObject=b64url(cbor2.dumps(attestation)), transports=["usb", "x"])

    def use(self, options: str, **lies: Any) -> str:
        """Answer ``navigator.credentials.get``."""
        asked, lies = json.loads(options), self.lies | lies
        self._count += 1
        client_data = self._client_data("webauthn.get", asked["challenge"], lies)
        data = self._data(asked["rpId"], 0, lies)
        signature = _signed(self._key, data + hashlib.sha256(client_data).digest())
        return self._answer(
            client_data,
            authenticatorData=b64url(lies.get("data", data)),
            signature=b64url(lies.get("signature", signature)),
            userHandle=lies.get("handle", self.handle),
        )

    def _client_data(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told | {name: lies[name] for name in (*told, "topOrigin") if name in lies}).encode()

    def _data(self, site: str, more: int, lies: dict[str, Any]) -> bytes:
        count = lies.get("count", self._count if self.counts else 0)
        flags = lies.get("flags", self.flags) | more
        return hashlib.sha256(lies.get("site", site).encode()).digest() + struct.pack(">BI", flags, count)

    def _statement(self, signed: bytes) -> dict[str, Any]:
        if self.maker is None:
            return {}
        signature = _signed(self.maker.key, signed)
        certificate = self.maker.certificate.public_bytes(serialization.Encoding.DER)
        return {"alg": _ES256, "sig": signature, "x5c": [certificate]}

    def _answer(self, client_data: bytes, **response: Any) -> str:
        identifier = b64url(self.credential_id)
        parts = {"clientDataJSON": b64url(client_data), **response}
        return json.dumps({"id": identifier, "rawId": identifier, "type": "public-key", "response": parts})


def altered(answer: str, part: str, position: int) -> str:
    """Return an answer with one byte of one part turned over."""
    credential = json.loads(answer)
    value = bytearray(unb64url(credential["response"][part]))
    value[position % len(value)] ^= 0xFF
    credential["response"][part] = b64url(bytes(value))
    return json.dumps(credential)


def _new_key(algorithm: int) -> Any:
    if algorithm == _EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == _RS256:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _cose(key: Any, algorithm: int) -> bytes:
    """Return the public key as RFC 9053 writes it."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return cbor2.dumps({1: 1, 3: algorithm, -1: 6, -2: key.public_key().public_bytes_raw()})
    numbers = key.public_key().public_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return cbor2.dumps({1: 3, 3: algorithm, -1: numbers.n.to_bytes(256, "big"), -2: b"\x01\x00\x01"})
    return cbor2.dumps(
        {1: 2, 3: algorithm, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
    )


def _signed(key: Any, data: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(data, ec.ECDSA(hashes.SHA256()))
