"""How passwords are stored and compared: Argon2id over HMAC(pepper, account id ‖ NFC password) (rule S6, RFC 9106).

The pepper is a key kept outside the database, the account id ties a verifier to its account. Hashes brought from
another system are compared as they came, tied to their row by a MAC, and replaced by our own at the first success.
Every comparison costs one hash.
"""

import hmac
import unicodedata
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from argon2.exceptions import VerificationError
from argon2.low_level import Type, hash_secret, verify_secret

from idp.factors import phc
from idp.foundation.entropy import Entropy
from idp.foundation.settings import Settings
from idp.keyring.errors import KeyUnknown
from idp.keyring.service import Keyring

OWN: Final = "own"
_PEPPER: Final = "password"
_ROW: Final = "imported_password"
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_LANES: Final = 1


@dataclass(frozen=True, slots=True)
class Cost:
    """The work of one hash of ours."""

    memory_kib: int
    passes: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.password_memory_kib, settings.password_iterations)

    @property
    def profile(self) -> str:
        return f"{OWN}$argon2id$v=19$m={self.memory_kib},t={self.passes},p={_LANES}"


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is stored of a password. ``mac`` is set on imported ones only."""

    phc: str
    profile: str
    key_id: str
    mac: bytes | None = None

    def __repr__(self) -> str:
        return f"Verifier({self.profile}, key_id={self.key_id})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of one comparison; ``is_outdated`` asks for the password to be hashed anew."""

    is_right: bool
    is_outdated: bool = False


class PasswordHashing:
    """Makes and compares verifiers. Knows no table."""

    def __init__(self, keyring: Keyring, entropy: Entropy, cost: Cost) -> None:
        self._keyring = keyring
        self._entropy = entropy
        self._cost = cost

    @property
    def profile(self) -> str:
        """Return the profile of the hashes made now."""
        return self._cost.profile

    def make(self, account_id: UUID, password: str) -> Verifier:
        """Return the verifier of a new password; the work of one hash."""
        mac = self._keyring.mac(_PEPPER, account_id.bytes, normalized(password).encode())
        salt = self._entropy.token_bytes(_SALT_BYTES)
        encoded = hash_secret(mac.digest, salt, self._cost.passes, self._cost.memory_kib, _LANES, _HASH_BYTES, Type.ID)
        return Verifier(encoded.decode("ascii"), self._cost.profile, mac.kid)

    def adopt(self, authenticator_id: UUID, account_id: UUID, text: str) -> Verifier:
        """Return the verifier of a hash made elsewhere, tied to its row. Raises HashRefused."""
        profile = phc.parse(text).profile
        mac = self._keyring.mac(_ROW, authenticator_id.bytes, account_id.bytes, text.encode())
        return Verifier(text, profile, mac.kid, mac.digest)

    def compare(self, verifier: Verifier, authenticator_id: UUID, account_id: UUID, password: str) -> Comparison:
        """Compare a password with a verifier; the work of exactly one hash, whatever the outcome."""
        if verifier.mac is not None:
            is_genuine = self._is_of_row(verifier, authenticator_id, account_id)
            return Comparison(phc.parse(verifier.phc).matches(password) and is_genuine, is_outdated=True)
        try:
            peppered = self._keyring.mac(_PEPPER, account_id.bytes, normalized(password).encode(), kid=verifier.key_id)
            current = self._keyring.mac(_PEPPER).kid
        except KeyUnknown:
            # The key is gone, so nothing can match; the work is done all the same.
            _verify(verifier.phc, self._entropy.token_bytes(_HASH_BYTES))
            return Comparison(is_right=False)
        is_outdated = verifier.profile != self._cost.profile or peppered.kid != current
        return Comparison(_verify(verifier.phc, peppered.digest), is_outdated)

    def fictitious(self, profile: str) -> Verifier:
        """Return a verifier of a profile that no password matches, for accounts that do not exist."""
        salt, digest = self._entropy.token_bytes(_SALT_BYTES), self._entropy.token_bytes(_HASH_BYTES)
        if profile.startswith(OWN):
            text = phc.sample_of(profile.removeprefix(OWN), salt, digest)
            return Verifier(text, profile, self._keyring.mac(_PEPPER).kid)
        # The MAC of nothing: it never fits, and the hash is done before it is looked at.
        mac = self._keyring.mac(_ROW, digest)
        return Verifier(phc.sample_of(profile, salt, digest), profile, mac.kid, mac.digest)

    def _is_of_row(self, verifier: Verifier, authenticator_id: UUID, account_id: UUID) -> bool:
        parts = (authenticator_id.bytes, account_id.bytes, verifier.phc.encode())
        try:
            expected = self._keyring.mac(_ROW, *parts, kid=verifier.key_id).digest
        except KeyUnknown:
            return False
        return verifier.mac is not None and hmac.compare_digest(expected, verifier.mac)


def normalized(password: str) -> str:
    """Return the password in NFC, so that composed and decomposed input are the same (NIST SP 800-63B-4 §3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


def _verify(encoded: str, secret: bytes) -> bool:
    try:
        return verify_secret(encoded.encode("ascii"), secret, Type.ID)
    except VerificationError:
        return False
