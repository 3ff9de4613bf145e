"""The signature of a compact JWS (RFC 7515 §5.2, RFC 8725): the one place that verifies, by python-jose, which is
asked for the mathematics only.

The algorithm is the one registered, the type is the one expected, the key comes from the provider's published set by
its kid. A header that brings or points at a key of its own is refused. What the claims mean is decided in
``rp_kit.verification``.
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from jose import jwk
from jose.exceptions import JOSEError

from rp_kit.errors import TokenRefused
from rp_kit.strict_json import decode_object

_KEY_OF_ALGORITHM = {"ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "RS256": ("RSA", None), "RS384": ("RSA", None)}
SUPPORTED_ALGORITHMS = tuple(_KEY_OF_ALGORITHM)
"""No symmetric algorithm is among them, so a public key can never serve as a secret."""

_TOKEN_LIMIT_CHARACTERS = 16 * 1024
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_FOREIGN_KEY_MEMBERS = {"jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"}
_SMALLEST_RSA_MODULUS_CHARACTERS = 342  # 2048 bits in base64url

FindKey = Callable[[str, str], Mapping[str, Any]]


def fits(key: Mapping[str, Any], algorithm: str) -> bool:
    """Tell whether a published key is a public one for signatures by this algorithm (RFC 7517 §4)."""
    key_type, curve = _KEY_OF_ALGORITHM[algorithm]
    if key.get("kty") != key_type or key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        return False
    if "d" in key or "k" in key:
        return False
    if curve is not None:
        return key.get("crv") == curve
    return len(str(key.get("n", ""))) >= _SMALLEST_RSA_MODULUS_CHARACTERS


def signed_claims(token: str, *, typ: str, algorithm: str, find_key: FindKey) -> dict[str, Any]:
    """Return the claims of a token whose signature and header are right. Raises TokenRefused."""
    if len(token) > _TOKEN_LIMIT_CHARACTERS:
        raise TokenRefused("the token is too long")
    segments = token.split(".")
    if len(segments) != 3:  # noqa: PLR2004, header, payload, signature
        raise TokenRefused("not a compact JWS")
    header = _object(segments[0], "header")
    kid = _checked_kid(header, typ, algorithm)
    signature = _decoded(segments[2], "signature")
    key = find_key(kid, algorithm)
    if not _is_signed(key, algorithm, f"{segments[0]}.{segments[1]}".encode("ascii"), signature):
        raise TokenRefused("the signature is wrong")
    return _object(segments[1], "payload")


def _checked_kid(header: Mapping[str, Any], typ: str, algorithm: str) -> str:
    if header.get("alg") != algorithm:
        raise TokenRefused(f"alg is not {algorithm}, the algorithm of the registration")
    if header.get("typ") != typ:
        raise TokenRefused(f"typ is not {typ}")
    if "crit" in header or not _FOREIGN_KEY_MEMBERS.isdisjoint(header):
        raise TokenRefused("the header brings its own key or critical extensions")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("kid is missing")
    return kid


def _is_signed(key: Mapping[str, Any], algorithm: str, data: bytes, signature: bytes) -> bool:
    try:
        return bool(jwk.construct(dict(key), algorithm).verify(data, signature))
    except (JOSEError, ValueError, TypeError, KeyError):
        return False


def _object(segment: str, name: str) -> dict[str, Any]:
    try:
        return decode_object(_decoded(segment, name))
    except ValueError as error:
        raise TokenRefused(f"{name}: {error}") from None


def _decoded(segment: str, name: str) -> bytes:
    """Decode base64url in its one canonical form, so that a token has one spelling only."""
    if not _SEGMENT.fullmatch(segment):
        raise TokenRefused(f"{name} is not base64url")
    try:
        data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise TokenRefused(f"{name} is not base64url") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=") != segment.encode("ascii"):
        raise TokenRefused(f"{name} is not canonical base64url")
    return data
