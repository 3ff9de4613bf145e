"""Rules for the public keys of a client (RFC 7517, RFC 8725 §3.5): strong enough, of a kind we use, and public only.
Pure.

Only sizes and forms are looked at here; whoever verifies an assertion imports the key and finds out whether it is one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from idp.foundation.digests import unb64url
from idp.foundation.translation import said

MOST_KEYS = 10
SMALLEST_RSA = 2048
_LARGEST_RSA = 8192
# A long exponent makes a verification cost as much as sixty, and anybody may show a key in a DPoP proof.
_EXPONENTS = range(65_537, 2**64)
_CURVE_BYTES = {"P-256": 32, "P-384": 48, "P-521": 66}
_ED25519_BYTES = 32
_USES = ("sig", "enc")
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def problem_of_jwks(jwks: Any) -> str | None:  # noqa: ANN401 - comes from a file
    """Return what is wrong with a key set, None if nothing is."""
    keys = jwks.get("keys") if isinstance(jwks, Mapping) and set(jwks) == {"keys"} else None
    if (
        not isinstance(keys, list)
        or not 1 <= len(keys) <= MOST_KEYS
        or not all(isinstance(key, Mapping) for key in keys)
    ):
        return said('must be {"keys": […]} with 1 to %(most_keys)s keys (RFC 7517 §5)', most_keys=MOST_KEYS)
    kids = [key.get("kid") for key in keys]
    if len(keys) > 1 and (None in kids or len({str(kid) for kid in kids}) != len(kids)):
        return said("needs a different kid on each of its keys")
    for place, key in enumerate(keys, start=1):
        problem = problem_of_key(key, _USES)
        if problem is not None:
            return said("key %(place)s %(problem)s", place=place, problem=problem)
    return None


def problem_of_key(key: Mapping[str, Any], uses: Sequence[str] = ("sig",)) -> str | None:
    """Return what is wrong with one public key for these uses, None if nothing is."""
    if _PRIVATE & set(key):
        return said("holds private parts; register the public key only, and replace this one, for it has been shown")
    if key.get("use", uses[0]) not in uses:
        return said('must have "use": "%(names)s"', names=" or ".join(uses))
    try:
        return _problem_of_kind(key)
    except (KeyError, TypeError, ValueError):
        return said("lacks a value, or holds one that is not base64url")


def _problem_of_kind(key: Mapping[str, Any]) -> str | None:
    match key.get("kty"):
        case "RSA":
            return _problem_of_rsa(key)
        case "EC":
            size = _CURVE_BYTES.get(key.get("crv", ""))
            if size is None:
                return said("must be on one of %(names)s", names=", ".join(_CURVE_BYTES))
            return (
                None
                if len(unb64url(key["x"])) == len(unb64url(key["y"])) == size
                else said("has coordinates of a wrong length")
            )
        case "OKP":
            if key.get("crv") != "Ed25519":
                return said("must be on Ed25519")
            return None if len(unb64url(key["x"])) == _ED25519_BYTES else said("has a value of a wrong length")
    return said("must be of kty RSA, EC or OKP (alg none and shared keys are not accepted)")


def _problem_of_rsa(key: Mapping[str, Any]) -> str | None:
    modulus, exponent = (int.from_bytes(unb64url(key[name]), "big") for name in ("n", "e"))
    if not SMALLEST_RSA <= modulus.bit_length() <= _LARGEST_RSA:
        return said(
            "has %(value)s bits; RSA needs %(smallest_rsa)s to %(largest_rsa)s",
            value=modulus.bit_length(),
            smallest_rsa=SMALLEST_RSA,
            largest_rsa=_LARGEST_RSA,
        )
    if exponent not in _EXPONENTS or not exponent % 2 or not modulus % 2:
        return said("needs an odd exponent of at least %(start)s, and of 64 bits at most", start=_EXPONENTS.start)
    return None
