"""Password hashes of other systems, in PHC string format, parsed strictly and within bounds (rule S6).

A string that asks for too much work would let one import slow down every later sign-in of that account, one that asks
for too little would be guessed: both are refused when they are imported, and never reach the hashing.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

import bcrypt
from argon2.exceptions import VerificationError
from argon2.low_level import Type, verify_secret

from idp.foundation.errors import UserError

_MEBIBYTE = 1024 * 1024
_BCRYPT_READS = 72
_LONGEST = 512

_ARGON2ID = re.compile(
    r"(\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2}))\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)", re.ASCII
)
_BCRYPT = re.compile(r"(\$2[aby]\$(\d\d))\$[./A-Za-z0-9]{53}", re.ASCII)
_SCRYPT = re.compile(r"(\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2}))\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)", re.ASCII)
# Both forms in use: the specification's i=…, and passlib's bare number with a dot in its alphabet.
_PBKDF2 = re.compile(
    r"(\$pbkdf2-sha(256|512)\$(?:i=)?(\d{1,8})(?:,l=\d{1,2})?)\$([A-Za-z0-9+/.]+)\$([A-Za-z0-9+/.]+)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Hash:
    """A parsed string: ``profile`` is its head, scheme and cost; ``matches`` does the work of one verification."""

    profile: str
    matches: Callable[[str], bool]


class HashRefused(UserError):
    """The string is not a password hash that we take."""


def parse(text: str) -> Hash:
    """Return the hash of a PHC string. Raises HashRefused for anything unknown, malformed or out of bounds."""
    if len(text) <= _LONGEST:
        for pattern, build in _SCHEMES:
            if match := pattern.fullmatch(text):
                return build(match)
    raise HashRefused("The password hash has an unknown form.")


def sample_of(profile: str, salt: bytes, digest: bytes) -> str:
    """Return a PHC string of this profile that no password is known to match: the same work for accounts that do not
    exist.
    """
    if profile.startswith("$2"):
        alphabet = base64.b64encode(salt + digest).decode("ascii").replace("+", ".").replace("=", "")
        # bcrypt's salt is 128 bits in 22 characters: the last holds two bits only, and O has the others clear.
        return f"{profile}${alphabet[:21]}O{alphabet[21:51]}u"
    return f"{profile}${_unpadded(salt)}${_unpadded(digest)}"


def _argon2id(match: re.Match[str]) -> Hash:
    memory, passes, lanes = int(match[2]), int(match[3]), int(match[4])
    _within(memory, 8 * 1024, 64 * 1024)
    _within(passes, 1, 4)
    _within(lanes, 1, 4)
    _parts(match[5], match[6])
    encoded = match[0].encode("ascii")

    def matches(password: str) -> bool:
        try:
            return verify_secret(encoded, password.encode(), Type.ID)
        except VerificationError:
            return False

    return Hash(match[1], matches)


def _bcrypt(match: re.Match[str]) -> Hash:
    _within(int(match[2]), 10, 13)
    encoded = match[0].encode("ascii")

    def matches(password: str) -> bool:
        # bcrypt reads 72 bytes; the system that made the hash ignored the rest too.
        return bcrypt.checkpw(password.encode()[:_BCRYPT_READS], encoded)

    return Hash(match[1], matches)


def _scrypt(match: re.Match[str]) -> Hash:
    exponent, block, lanes = int(match[2]), int(match[3]), int(match[4])
    _within(exponent, 10, 20)
    _within(block, 1, 32)
    _within(lanes, 1, 10)
    memory = 128 * block * 2**exponent
    _within(memory, 8 * _MEBIBYTE, 64 * _MEBIBYTE)
    _within(memory * lanes, 8 * _MEBIBYTE, 128 * _MEBIBYTE)
    salt, digest = _parts(match[5], match[6])

    def matches(password: str) -> bool:
        made = hashlib.scrypt(
            password.encode(), salt=salt, n=2**exponent, r=block, p=lanes, maxmem=memory + _MEBIBYTE, dklen=len(digest)
        )
        return hmac.compare_digest(made, digest)

    return Hash(match[1], matches)


def _pbkdf2(match: re.Match[str]) -> Hash:
    name, rounds = f"sha{match[2]}", int(match[3])
    _within(rounds, 10_000, 1_000_000)
    salt, digest = _parts(match[4].replace(".", "+"), match[5].replace(".", "+"))

    def matches(password: str) -> bool:
        made = hashlib.pbkdf2_hmac(name, password.encode(), salt, rounds, len(digest))
        return hmac.compare_digest(made, digest)

    return Hash(match[1], matches)


_SCHEMES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Hash]], ...] = (
    (_ARGON2ID, _argon2id),
    (_BCRYPT, _bcrypt),
    (_SCRYPT, _scrypt),
    (_PBKDF2, _pbkdf2),
)


def _within(value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise HashRefused("The password hash is too weak or too costly.")


def _parts(salt: str, digest: str) -> tuple[bytes, bytes]:
    """Return salt and digest of their unpadded base64, each in its one canonical form and of a sensible size."""
    decoded = tuple(_decoded(text) for text in (salt, digest))
    if not (8 <= len(decoded[0]) <= 64 and 16 <= len(decoded[1]) <= 64):  # noqa: PLR2004 - bytes, as the PHC format advises
        raise HashRefused("The password hash has an unknown form.")
    return decoded[0], decoded[1]


def _decoded(text: str) -> bytes:
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        value = b""
    if _unpadded(value) != text:
        raise HashRefused("The password hash has an unknown form.")
    return value


def _unpadded(value: bytes) -> str:
    return base64.b64encode(value).rstrip(b"=").decode("ascii")
