"""Signing and verifying with one key (RFC 7518 §3, RFC 8037 §3.1). ``Signer`` is a port: file keys here, a hardware
module beside them.

Signatures are in the form of JWS: r‖s for ES256, 64 bytes for EdDSA. Key objects and paddings are made once, never in a
request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from idp.foundation.digests import b64url, sha256, unb64url
from idp.keyring.errors import KeyUnknown

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
RSA_BITS = 3072
_RSA_EXPONENT = 65_537
_HALF = 32
_HASH = SHA256()
_ECDSA = ec.ECDSA(_HASH)
_PADDINGS: dict[str, padding.AsymmetricPadding] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(padding.MGF1(_HASH), SHA256.digest_size),
}

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Signer(Protocol):
    """Signs for one key, wherever its private half is."""

    @property
    def kid(self) -> str:
        """The key's id in the key set."""

    @property
    def alg(self) -> str:
        """The one algorithm of the key."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature in its JWS form."""


class SignerSource(Protocol):
    """Where private keys are: made, found again by id, and destroyed when their time to sign is over."""

    def make(self, alg: str) -> dict[str, Any]:
        """Make and keep a private key. Return its public JWK, whose ``kid`` is its id from now on."""

    def load(self, kid: str, alg: str) -> Signer | None:
        """Return the signer of a key, the same object each time; None if its private half is not here."""

    def destroy(self, kid: str) -> bool:
        """Destroy a private key, and return whether there was one."""


@dataclass(frozen=True, slots=True)
class FileSigner:
    """Signs with a private key in memory."""

    kid: str
    alg: str
    sign: Callable[[bytes], bytes] = field(repr=False)

    @classmethod
    def of(cls, kid: str, alg: str, key: PrivateKey) -> "FileSigner":
        return cls(kid, alg, _signature_with(key, alg))


def generate(alg: str) -> PrivateKey:
    """Return a new private key, by the randomness of OpenSSL, which cannot be passed in. Raises KeyUnknown."""
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if alg in _PADDINGS:
        return rsa.generate_private_key(_RSA_EXPONENT, RSA_BITS)
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    raise KeyUnknown(f"{alg} is not an algorithm of this provider; it has {', '.join(ALGORITHMS)}")


def public_jwk(key: PrivateKey, alg: str) -> dict[str, Any]:
    """Return the public JWK (RFC 7517 §4), whose kid is the thumbprint of the key (RFC 7638)."""
    members = _members(key)
    thumbprint = b64url(sha256("{" + ",".join(f'"{name}":"{members[name]}"' for name in sorted(members)) + "}"))
    return {**members, "kid": thumbprint, "use": "sig", "alg": alg}


def verifier(jwk: Mapping[str, Any]) -> Callable[[bytes, bytes], bool]:
    """Return the function (signature, data) -> is it this key's signature, by the algorithm of the JWK."""
    alg, numbers = jwk["alg"], {name: unb64url(jwk[name]) for name in ("n", "e", "x", "y") if name in jwk}
    if alg == "ES256":
        point = ec.EllipticCurvePublicNumbers(_integer(numbers["x"]), _integer(numbers["y"]), ec.SECP256R1())
        return _es256_verifier(point.public_key())
    if alg in _PADDINGS:
        return _rsa_verifier(
            rsa.RSAPublicNumbers(_integer(numbers["e"]), _integer(numbers["n"])).public_key(), _PADDINGS[alg]
        )
    return _eddsa_verifier(ed25519.Ed25519PublicKey.from_public_bytes(numbers["x"]))


def is_ed25519_signature(public: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether the data was signed by the private half of this raw public key."""
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(public)
    except ValueError:
        return False
    return _eddsa_verifier(key)(signature, data)


def _signature_with(key: PrivateKey, alg: str) -> Callable[[bytes], bytes]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _es256_signature(key)
    if isinstance(key, rsa.RSAPrivateKey):
        return _rsa_signature(key, _PADDINGS[alg])
    return key.sign


def _es256_signature(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    sign = key.sign

    def signature(data: bytes) -> bytes:
        r, s = decode_dss_signature(sign(data, _ECDSA))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")

    return signature


def _rsa_signature(key: rsa.RSAPrivateKey, scheme: padding.AsymmetricPadding) -> Callable[[bytes], bytes]:
    def signature(data: bytes) -> bytes:
        return key.sign(data, scheme, _HASH)

    return signature


def _es256_verifier(key: ec.EllipticCurvePublicKey) -> Callable[[bytes, bytes], bool]:
    verify, number = key.verify, int.from_bytes

    def is_valid(signature: bytes, data: bytes) -> bool:
        if len(signature) != 2 * _HALF:
            return False
        try:
            verify(
                encode_dss_signature(number(signature[:_HALF], "big"), number(signature[_HALF:], "big")), data, _ECDSA
            )
        except InvalidSignature:
            return False
        return True

    return is_valid


def _rsa_verifier(key: rsa.RSAPublicKey, scheme: padding.AsymmetricPadding) -> Callable[[bytes, bytes], bool]:
    def is_valid(signature: bytes, data: bytes) -> bool:
        try:
            key.verify(signature, data, scheme, _HASH)
        except InvalidSignature:
            return False
        return True

    return is_valid


def _eddsa_verifier(key: ed25519.Ed25519PublicKey) -> Callable[[bytes, bytes], bool]:
    def is_valid(signature: bytes, data: bytes) -> bool:
        try:
            key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    return is_valid


def _members(key: PrivateKey) -> dict[str, str]:
    """Return the members that make the key, which are those of its thumbprint."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": b64url(point.x.to_bytes(_HALF, "big")),
            "y": b64url(point.y.to_bytes(_HALF, "big")),
        }
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": _b64_integer(numbers.n), "e": _b64_integer(numbers.e)}
    return {"kty": "OKP", "crv": "Ed25519", "x": b64url(key.public_key().public_bytes_raw())}


def _integer(value: bytes) -> int:
    return int.from_bytes(value, "big")


def _b64_integer(value: int) -> str:
    return b64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))
