"""What the staff package hands out."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from idp.staff.powers import EMERGENCY, Permission, Power, may


@dataclass(frozen=True, slots=True)
class Glass:
    """A break-glass that was asked for (``until`` is None) or is open."""

    id: UUID
    opener_id: UUID
    opener_account_id: UUID
    session_id: UUID
    reason: str = field(repr=False)
    asked_at: datetime
    confirm_until: datetime
    confirmer_id: UUID | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Officer:
    """A human with a power, using it through an account. ``glass``: the break-glass that is under way, whoever's;
    ``in_emergency``: it is open, and for the session that this request came with.
    """

    person_id: UUID
    account_id: UUID
    power: Power
    agency: str | None = None
    glass: Glass | None = None
    in_emergency: bool = False

    @property
    def actor(self) -> str:
        """How the audit record names them."""
        return f"account:{self.account_id}"

    def may(self, permission: Permission) -> bool:
        """Tell whether their power, or the glass they broke, includes a permission."""
        return self.holds(permission) or (self.in_emergency and permission in EMERGENCY)

    def holds(self, permission: Permission) -> bool:
        """Tell whether their power alone includes a permission: a broken glass approves nothing."""
        return may(self.power, permission)

    def looks_after(self, agency: str | None) -> bool:
        """Tell whether sites of an agency are theirs to see: a department delegate sees those of one agency only."""
        return self.power is not Power.DELEGATE or self.agency == agency


REVIEWED_EVERY: Final = timedelta(days=90)
"""How long a power goes on without another officer having said that it is still needed."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A line of the list of officers."""

    person_id: UUID
    account_id: UUID
    username: str = field(repr=False)
    power: Power
    agency: str | None
    granted_at: datetime
    ended_at: datetime | None
    reviewed_at: datetime | None = None

    def is_to_review(self, now: datetime) -> bool:
        """Tell whether another officer has to say that the power is still needed."""
        return self.ended_at is None and now - (self.reviewed_at or self.granted_at) >= REVIEWED_EVERY


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which requests a list shows: of one state, ``open`` or how they ended, and of one kind or of all; about some
    targets, or whatever they are about.
    """

    state: str = "open"
    kind: str | None = None
    targets: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change that waits, or waited, for approval. ``digest`` is what an approver says yes to."""

    id: UUID
    kind: str
    target: str
    author_id: UUID
    content: dict[str, Any] = field(repr=False)
    digest: str
    subject_digest: bytes = field(repr=False)
    reason: str = field(repr=False)
    approvals_needed: int
    approver_ids: tuple[UUID, ...]
    state: str
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
