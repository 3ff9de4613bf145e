"""What the ceremonies of passkeys are asked with, and what they answer."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

Reason = Literal["malformed", "expired", "unknown", "wrong", "cloned", "not_attested", "taken", "not_admitted"]


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """This site as devices know it (Web Authentication Level 3 §4): the host of the issuer, and its exact origin.

    ``console`` is the origin of the staff console, where the same passkeys sign in; it lies on that host or below it.
    """

    origin: str
    name: str
    console: str = ""

    @property
    def id(self) -> str:
        return urlsplit(self.origin).hostname or ""

    @property
    def origins(self) -> list[str]:
        return [origin for origin in (self.origin, self.console) if origin]


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A key that a device has made, verified. ``is_attested``: by the rules of this deployment."""

    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int
    aaguid: UUID
    transports: tuple[str, ...]
    is_attested: bool
    is_backup_eligible: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class Use:
    """A verified answer of a passkey: how often the device says that it was used, and whether it is backed up now."""

    sign_count: int
    is_backup_eligible: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class VerifiedPasskey:
    """A passkey has answered a challenge of ours. ``kind`` is what that proves: passkey or attested_passkey."""

    account_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class PasskeyRefused:
    """The answer was not accepted. The reason is for the record; people are told what they can do."""

    reason: Reason
    account_id: UUID | None = None
