"""Work instead of a wait (rule S3): whoever is slowed down may let the browser compute, and try once more at once.

The format is that of ALTCHA version 1: the number is sought whose SHA-256 behind the salt is the challenge. It belongs
to one identifier and one browser, asks for work by the length of the wait, is good for two minutes and for one try.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from idp.foundation.clock import Clock
from idp.foundation.columns import microseconds, moment_of
from idp.foundation.digests import b64url, sha256
from idp.foundation.entropy import Entropy
from idp.foundation.errors import IDPError
from idp.foundation.throttle import Throttle
from idp.keyring.service import Keyring

LEAST_WAIT: Final = timedelta(seconds=5)
"""Shorter waits are over before the work would be."""

# A telephone does some twenty thousand a second and needs half of them: a quarter of the wait.
NUMBERS_A_SECOND: Final = 10_000
LONGEST_PROOF: Final = 1_000

_LIFETIME: Final = timedelta(minutes=2)
_PURPOSE: Final = "proof_of_work"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a browser may work on: a number from 0 to ``most`` is sought."""

    challenge: str
    salt: str
    most: int
    signature: str


class ProofsOfWork:
    """Asks for work, and takes what was done."""

    def __init__(self, clock: Clock, entropy: Entropy, keyring: Keyring, throttle: Throttle) -> None:
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._throttle = throttle

    def ask(self, identifier: bytes, presession: str, wait: timedelta) -> Challenge | None:
        """Return the work that spares a wait; None where waiting is quicker."""
        if wait < LEAST_WAIT:
            return None
        most = _most_for(wait)
        until = microseconds(self._clock.now() + _LIFETIME)
        # The end of the salt keeps the digits of the number out of it.
        salt = f"{self._entropy.token(12)}?expires={until}&most={most}&"
        number = int.from_bytes(self._entropy.token_bytes(8), "big") % (most + 1)
        challenge = _hashed(salt, number)
        signed = self._mac(challenge, salt, identifier, presession)
        return Challenge(challenge, salt, most, signed)

    def spend(self, proof: str, identifier: bytes, presession: str, wait: timedelta) -> bool:
        """Tell whether a proof is worth this wait, and use it up."""
        try:
            work: Any = orjson.loads(base64.b64decode(proof, validate=True))
            salt, number, signature = str(work["salt"]), int(work["number"]), str(work["signature"])
            challenge = _hashed(salt, number)
            kid, _, _ = signature.partition(".")
            expected = self._mac(challenge, salt, identifier, presession, kid)
        except (binascii.Error, ValueError, KeyError, TypeError, IDPError):
            return False
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            return False
        # From here on the salt is our own.
        terms = parse_qs(salt.partition("?")[2])
        until = moment_of(int(terms["expires"][0]))
        if until <= self._clock.now() or int(terms["most"][0]) < _most_for(wait):
            return False
        return self._throttle.spend(sha256(f"{_PURPOSE} {signature}"), until)

    def _mac(self, challenge: str, salt: str, identifier: bytes, presession: str, kid: str | None = None) -> str:
        parts = (challenge.encode(), salt.encode(), identifier, presession.encode())
        mac = self._keyring.mac(_PURPOSE, *parts, kid=kid)
        return f"{mac.kid}.{b64url(mac.digest)}"


def _most_for(wait: timedelta) -> int:
    return int(wait.total_seconds()) * NUMBERS_A_SECOND


def _hashed(salt: str, number: int) -> str:
    return sha256(f"{salt}{number}").hex()
