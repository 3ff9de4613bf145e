"""Randomness is passed in. Identifiers are UUIDv7 (RFC 9562 §5.7): they sort by time, so that an index grows at its
end.

A UUIDv7 tells when it was made and therefore stays inside; what leaves is ``token``.
"""

import base64
import os
from datetime import datetime
from typing import Protocol
from uuid import UUID

from idp.foundation.clock import Clock


class Entropy(Protocol):
    """Where random values come from."""

    def token_bytes(self, size: int) -> bytes:
        """Return ``size`` random bytes."""

    def token(self, size: int = 32) -> str:
        """Return ``size`` random bytes as unpadded base64url."""

    def uuid7(self) -> UUID:
        """Return a new time-ordered identifier."""


class SystemEntropy:
    """The operating system's random source."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def token_bytes(self, size: int) -> bytes:
        return os.urandom(size)

    def token(self, size: int = 32) -> str:
        return base64.urlsafe_b64encode(self.token_bytes(size)).rstrip(b"=").decode("ascii")

    def uuid7(self) -> UUID:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        return uuid7_of(milliseconds, self.token_bytes(10))


def uuid7_of(milliseconds: int, random: bytes) -> UUID:
    """Return the UUIDv7 of a Unix time in milliseconds and 10 random bytes."""
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(random, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def first_uuid7(moment: datetime) -> UUID:
    """Return a bound that is before every UUIDv7 made at a time or later, and after every earlier one."""
    return UUID(int=max(int(moment.timestamp() * 1000), 0) << 80)
