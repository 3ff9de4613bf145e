"""The members of a registration that ask for encryption (OpenID Connect Registration §2, JARM §3, RFC 9701 §6): which
of our answers, with which algorithms, for which key of the client. Pure.

What is encrypted is always signed first (a nested JWT, RFC 7519 §11.2).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.foundation.translation import said

ENCRYPTABLE: Final = ("id_token", "userinfo", "authorization", "introspection")
# The kty of the key that each needs. RSA1_5 is broken, and shared keys are none that we could keep as digests.
KEY_KINDS: Final[Mapping[str, str]] = {
    "ECDH-ES": "EC",
    "ECDH-ES+A128KW": "EC",
    "ECDH-ES+A256KW": "EC",
    "RSA-OAEP-256": "RSA",
}
ENCODINGS: Final = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")


@dataclass(frozen=True, slots=True)
class Encryption:
    """How one kind of answer is encrypted."""

    alg: str
    enc: str


def alg_member(what: str) -> str:
    return f"{what}_encrypted_response_alg"


def enc_member(what: str) -> str:
    return f"{what}_encrypted_response_enc"


def encryptions_of(content: Mapping[str, Any]) -> dict[str, Encryption]:
    """Return how each answer is encrypted that the registration wants encrypted."""
    return {
        what: Encryption(content[alg_member(what)], content.get(enc_member(what), ENCODINGS[0]))
        for what in ENCRYPTABLE
        if alg_member(what) in content
    }


def encryption_key(keys: Iterable[Mapping[str, Any]], alg: str) -> Mapping[str, Any] | None:
    """Return the first key that is meant to encrypt with an algorithm: by its ``use``, or by its ``alg`` alone."""
    return next((key for key in keys if _is_for(key, alg)), None)


def problems_of_encryption(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each member that does not fit, and the words that follow its name."""
    for what in ENCRYPTABLE:
        alg = content.get(alg_member(what))
        if alg is None and enc_member(what) in content:
            yield enc_member(what), said("needs %(alg_member)s (OIDC Registration §2)", alg_member=alg_member(what))
        if alg is not None and "jwks" not in content and "jwks_uri" not in content:
            yield alg_member(what), said("needs jwks or jwks_uri with a key to encrypt for")
        if alg is not None and "jwks" in content and encryption_key(content["jwks"]["keys"], alg) is None:
            yield alg_member(what), said('needs a key of kty %(value)s with "use": "enc" in jwks', value=KEY_KINDS[alg])
    if alg_member("userinfo") in content and "userinfo_signed_response_alg" not in content:
        yield alg_member("userinfo"), said("needs userinfo_signed_response_alg: what is encrypted is signed first")


def _is_for(key: Mapping[str, Any], alg: str) -> bool:
    is_meant = key.get("use") == "enc" or ("use" not in key and key.get("alg") == alg)
    return is_meant and key.get("kty") == KEY_KINDS[alg] and key.get("alg", alg) == alg
