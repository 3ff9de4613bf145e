"""Randomness for tests: the same sequence in every run, never the same value twice within one."""

import base64
import hashlib
import itertools
from uuid import UUID

from idp.foundation.clock import Clock
from idp.foundation.entropy import uuid7_of


class FixedEntropy:
    """A stream of SHA-256 over a counter. Identifiers made in the same millisecond keep the order in which they were
    made.
    """

    def __init__(self, clock: Clock, seed: str = "tests") -> None:
        self._clock = clock
        self._seed = seed.encode()
        self._counter = itertools.count(1)

    def token_bytes(self, size: int) -> bytes:
        number = next(self._counter).to_bytes(8, "big")
        return hashlib.shake_256(self._seed + number).digest(size)

    def token(self, size: int = 32) -> str:
        return base64.urlsafe_b64encode(self.token_bytes(size)).rstrip(b"=").decode("ascii")

    def uuid7(self) -> UUID:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        number = next(self._counter)
        # Twelve bits above the variant and the upper half below it count; the rest is left random.
        ordered = ((number >> 32) & 0xFFF) << 64 | (number & 0xFFFF_FFFF) << 28
        noise = int.from_bytes(self.token_bytes(4), "big") & 0xFFF_FFFF
        return uuid7_of(milliseconds, (ordered | noise).to_bytes(10, "big"))
