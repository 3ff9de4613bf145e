"""What the list consists of, and how it is asked."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

BLOCK: Final = "block"
ALLOW: Final = "allow"
EFFECTS: Final = (BLOCK, ALLOW)

NETWORK: Final = "network"
OPERATOR: Final = "operator"
DEVICE: Final = "device"
MAIL_DOMAIN: Final = "mail_domain"
KINDS: Final = (NETWORK, OPERATOR, DEVICE, MAIL_DOMAIN)

IN_FORCE: Final = "in_force"
OVER: Final = "over"
STATES: Final = (IN_FORCE, OVER)

_CODE_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list. ``digest`` is that of the cookie of a device; ``ended_at`` None: nobody has lifted it."""

    id: UUID
    effect: str
    kind: str
    value: str
    digest: bytes | None = field(repr=False)
    reason: str = field(repr=False)
    actor: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = field(default=None, repr=False)

    def holds(self, at: datetime) -> bool:
        """Tell whether it counts at a time: not any more at the very moment of its expiry."""
        return self.ended_at is None and at < self.expires_at

    @property
    def code(self) -> str:
        """What a person who is stopped reads out, so that staff find the entry: it says nothing by itself."""
        return code_of(self.id)


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be made, with its value in its normal form (``rules``)."""

    effect: str
    kind: str
    value: str
    lasts: timedelta
    digest: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries a list shows."""

    state: str = IN_FORCE
    kind: str | None = None
    effect: str | None = None
    ids: tuple[UUID, ...] | None = None


def code_of(entry_id: UUID) -> str:
    """Return the end of an id, which is random, in capitals."""
    return entry_id.hex[-_CODE_LENGTH:].upper()
