"""The record that each means of sign-in ends with: what it is called and what it proves.

The classes are those of NIST SP 800-63B-4 §2.2.1 (something known, something held); ``amr`` has the values of RFC 8176.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Factor:
    """One means of sign-in.

    ``proves`` has both classes where the device that is held has checked its holder, by a PIN or a fingerprint.
    ``is_attested``: its maker vouches that the key never leaves the device (NIST SP 800-63B-4 §2.3).
    """

    kind: str
    amr: tuple[str, ...]
    proves: frozenset[Literal["knowledge", "possession"]]
    is_attested: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The code was right, and is spent."""

    authenticator_id: UUID


@dataclass(frozen=True, slots=True)
class WrongCode:
    """The code was not accepted. ``clock`` is a code that is not due yet, ``used`` one that was given before."""

    reason: Literal["wrong", "used", "clock", "disabled"] = "wrong"


CodeOutcome = Accepted | WrongCode
