"""Compact JWS (RFC 7515 §3.1) for our own tokens: written with a header made once, read without believing its own.

A token's header may hold alg, kid and typ and nothing else (RFC 8725 §3.1, §3.11): no crit, jku, jwk or x5u ever has a
meaning here. Works on bytes, because each copy of a token costs as much as its JSON.
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import Any

import orjson

from idp.foundation.digests import unb64url
from idp.keyring.errors import TokenInvalid
from idp.keyring.signers import Signer

# Times in claims are numbers: a datetime that orjson would quietly write as text is refused.
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_HEADER = {"alg", "kid", "typ"}
_LONGEST = 65_536
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def head(kid: str, alg: str, typ: str) -> bytes:
    """Return the first segment of every token of this key and type, with its full stop."""
    return _segment(orjson.dumps({"alg": alg, "kid": kid, "typ": typ})) + b"."


def compact(head: bytes, claims: Mapping[str, Any], signer: Signer) -> str:
    """Return the signed token."""
    signed = head + _segment(orjson.dumps(claims if isinstance(claims, dict) else dict(claims), option=_STRICT))
    return (signed + b"." + _segment(signer.sign(signed))).decode("ascii")


def split(token: str) -> tuple[bytes, bytes, bytes]:
    """Return header, signed part and signature, still encoded. Raises TokenInvalid."""
    if len(token) > _LONGEST or token.count(".") != 2 or not token.isascii():  # noqa: PLR2004 - three segments
        raise TokenInvalid("not a compact JWS")
    signed, _, signature = token.encode("ascii").rpartition(b".")
    return signed.partition(b".")[0], signed, signature


def parse_header(segment: bytes) -> tuple[str, str, str]:
    """Return kid, alg and typ. Raises TokenInvalid for a header that is not of the one shape that ours have."""
    header = _json_object(_strict(segment, "header"), "header")
    if header.keys() != _HEADER or not all(isinstance(value, str) for value in header.values()):
        raise TokenInvalid("the header is not one of ours")
    return header["kid"], header["alg"], header["typ"]


def parse_signature(segment: bytes) -> bytes:
    """Return the signature. Raises TokenInvalid."""
    return _strict(segment, "signature")


def parse_claims(signed: bytes) -> dict[str, Any]:
    """Return the claims of a token whose signature is already known to be right. Raises TokenInvalid."""
    # What we signed is canonical as we wrote it, so that only the alphabet has to be changed back.
    return _json_object(a2b_base64(signed.partition(b".")[2].translate(_FROM_URL) + b"=="), "payload")


def _segment(content: bytes) -> bytes:
    return b2a_base64(content, newline=False).translate(_TO_URL, b"=")


def _strict(segment: bytes, part: str) -> bytes:
    try:
        return unb64url(segment.decode("ascii"))
    except ValueError:
        raise TokenInvalid(f"the {part} is not base64url") from None


def _json_object(content: bytes, part: str) -> dict[str, Any]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise TokenInvalid(f"the {part} is not JSON") from None
    if not isinstance(value, dict):
        raise TokenInvalid(f"the {part} is not a JSON object")
    return value
