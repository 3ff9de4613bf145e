"""One DPoP proof: a JWT signed by the key that it shows, for one request (RFC 9449 §4.2 and §4.3).

Every check of §4.3 is made here but for the nonce and the replay, which need what the server remembers. Pure.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from idp.foundation.digests import b64url, sha256, unb64url
from idp.foundation.errors import ProtocolError
from idp.keyring import jws
from idp.keyring.errors import TokenInvalid
from idp.keyring.signers import verifier
from idp.protocol.binding.http_uri import normalized
from idp.registry.client_keys import problem_of_key

PROOF_ALGORITHMS = ("ES256", "PS256", "EdDSA")
LATEST = timedelta(seconds=10)
_TYP = "dpop+jwt"
_KINDS = {"ES256": ("EC", "P-256"), "PS256": ("RSA", None), "EdDSA": ("OKP", "Ed25519")}
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
_LONGEST = 8000
_LONGEST_TEXT = 255
# No time of ours comes near it, and every one below it is a date (the year 6325).
_END_OF_TIME = 2**37


@dataclass(frozen=True, slots=True)
class Expected:
    """What a proof must be made for. ``access_token`` is the one it comes with, None where none is presented."""

    method: str
    uris: frozenset[str | None]
    now: datetime
    longest_age: timedelta
    access_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof whose signature, purpose and age are right."""

    jkt: str
    jti: str = field(repr=False)
    nonce: str | None = field(repr=False)
    useful_until: datetime


class ProofInvalid(ValueError):
    """The proof is refused; the text says why."""


def read_proof(text: str, expected: Expected) -> Proof:
    """Return the proof. Raises ProtocolError: invalid_dpop_proof, 400 at the token endpoint, 401 at a resource."""
    try:
        header, claims = _signed(text)
        issued_at = _check_claims(claims, expected)
    except ProofInvalid as problem:
        status = 400 if expected.access_token is None else 401
        raise ProtocolError("invalid_dpop_proof", f"The DPoP proof {problem}.", status=status) from None
    useful_until = issued_at + expected.longest_age + LATEST
    return Proof(thumbprint(header["jwk"]), claims["jti"], claims.get("nonce"), useful_until)


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a public key (RFC 7638 §3)."""
    members = {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    return b64url(sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)))


def _signed(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(text) > _LONGEST:
        raise ProofInvalid("is too long")
    try:
        head, signed, signature = jws.split(text)
        header = _json_object(head)
        claims = _json_object(signed.partition(b".")[2])
        mark = unb64url(signature.decode("ascii"))
    except (TokenInvalid, ValueError):
        raise ProofInvalid("is not one signed JWT") from None
    _check_header(header)
    try:
        is_valid = verifier({**header["jwk"], "alg": header["alg"]})(mark, signed)
    except (ValueError, KeyError, TypeError):
        raise ProofInvalid("shows a key that is none") from None
    if not is_valid:
        raise ProofInvalid("is not signed by the key that it shows")
    return header, claims


def _json_object(segment: bytes) -> dict[str, Any]:
    value = orjson.loads(unb64url(segment.decode("ascii")))
    if not isinstance(value, dict):
        raise ProofInvalid("is not one signed JWT")
    return value


def _check_header(header: Mapping[str, Any]) -> None:
    if header.get("typ") != _TYP:
        raise ProofInvalid(f"must have the typ {_TYP}")
    alg, jwk = header.get("alg"), header.get("jwk")
    if alg not in PROOF_ALGORITHMS:
        raise ProofInvalid(f"must be signed with one of {', '.join(PROOF_ALGORITHMS)}")
    if "crit" in header:
        raise ProofInvalid("names critical members that have no meaning here")
    if not isinstance(jwk, dict) or problem_of_key(jwk) is not None:
        raise ProofInvalid("must show its public key, and nothing private, in jwk")
    if (jwk["kty"], jwk.get("crv")) != _KINDS[alg] or jwk.get("alg", alg) != alg:
        raise ProofInvalid("shows a key that is not for its alg")


def _check_claims(claims: Mapping[str, Any], expected: Expected) -> datetime:
    for name in ("jti", "htm", "htu"):
        if not isinstance(claims.get(name), str) or not claims[name]:
            raise ProofInvalid(f"lacks the claim {name}")
    if len(claims["jti"]) > _LONGEST_TEXT:
        raise ProofInvalid("has a jti that is too long")
    if claims["htm"] != expected.method:
        raise ProofInvalid("is for another method")
    if (uri := normalized(claims["htu"])) is None or uri not in expected.uris:
        raise ProofInvalid("is for another address")
    if not isinstance(claims.get("nonce", ""), str):
        raise ProofInvalid("has a nonce that is no text")
    _check_access_token(claims, expected.access_token)
    return _check_time(claims.get("iat"), expected)


def _check_time(iat: object, expected: Expected) -> datetime:
    if isinstance(iat, bool) or not isinstance(iat, int | float) or not 0 <= iat < _END_OF_TIME:
        raise ProofInvalid("lacks the claim iat")
    issued_at = datetime.fromtimestamp(iat, UTC)
    if issued_at > expected.now + LATEST:
        raise ProofInvalid("comes from the future")
    if issued_at < expected.now - expected.longest_age:
        raise ProofInvalid("is too old")
    return issued_at


def _check_access_token(claims: Mapping[str, Any], access_token: str | None) -> None:
    if access_token is None:
        return
    ath = claims.get("ath")
    if not isinstance(ath, str) or not ath.isascii():
        raise ProofInvalid("lacks the claim ath")
    if not hmac.compare_digest(ath, b64url(sha256(access_token))):
        raise ProofInvalid("is for another access token")
