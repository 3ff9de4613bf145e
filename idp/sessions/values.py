"""What the sessions package hands out and is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Final
from uuid import UUID

from idp.factors.assurance import VerifiedFactor, acr_proved_by
from idp.sessions.rating import RiskSign

PROVIDER: Final = "provider"
CONSOLE: Final = "console"
"""The surfaces that have sessions of their own."""


@dataclass(frozen=True, slots=True)
class Session:
    """A live session and the account it belongs to."""

    id: UUID
    account_id: UUID
    account_kind: str
    created_at: datetime
    auth_time: datetime
    last_seen_at: datetime
    expires_at: datetime
    factors: tuple[VerifiedFactor, ...]
    interaction_id: UUID
    organization_id: UUID | None


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session just opened or raised, with the value for its cookie. The value is nowhere else."""

    cookie: str
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a request comes from, as far as it is kept: the shortened network and the user agent; and to which of our
    surfaces it came. ``is_new``: who signs in has not been seen in this browser before; ``device_id`` is the device
    that it is from now on.
    """

    network: str = ""
    user_agent: str = ""
    surface: str = PROVIDER
    is_new: bool = False
    device_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Selector:
    """Which sessions to end: one of the fields is set, with three exceptions.

    ``client_id`` ends that client's part of every session and all its grants, of one account when ``account_id`` stands
    beside it; the people stay signed in elsewhere. ``other_than`` spares one session of ``account_id``;
    ``organization_id`` beside it means what that account does for this organization only.
    """

    session_id: UUID | None = None
    account_id: UUID | None = None
    organization_id: UUID | None = None
    other_than: UUID | None = None
    client_session_id: UUID | None = None
    client_id: str | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a filter would end: live sessions, the people behind them, the sites told."""

    sessions: int
    accounts: int
    clients: int


@dataclass(frozen=True, slots=True)
class EndedSite:
    """A site's part of a session that was just ended, as that site knows it."""

    account_id: UUID
    client_id: str
    sid: str
    sub: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How much ``terminate`` ended. ``session_ids`` finds the deliveries that tell the departments."""

    sessions: int = 0
    client_sessions: int = 0
    grants: int = 0
    session_ids: tuple[UUID, ...] = ()
    sites: tuple[EndedSite, ...] = ()

    @property
    def counts(self) -> "Ended":
        """The numbers alone: whoever adds up thousands of batches keeps no list of whom they concerned."""
        return Ended(self.sessions, self.client_sessions, self.grants)

    def __add__(self, other: "Ended") -> "Ended":
        return Ended.all_of([self, other])

    @classmethod
    def all_of(cls, batches: Sequence["Ended"]) -> "Ended":
        """Return what batches ended together."""
        return cls(
            sum(one.sessions for one in batches),
            sum(one.client_sessions for one in batches),
            sum(one.grants for one in batches),
            tuple(chain.from_iterable(one.session_ids for one in batches)),
            tuple(chain.from_iterable(one.sites for one in batches)),
        )


@dataclass(frozen=True, slots=True)
class EndedPage:
    """What one batch ended, the last session it looked at, and whether nothing is left beyond."""

    ended: Ended
    reached: UUID
    is_last: bool


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A line of a list of sessions. ``client_ids`` are the sites signed in to."""

    id: UUID
    account_id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    network: str | None
    user_agent: str | None
    client_ids: tuple[str, ...]
    factors: tuple[VerifiedFactor, ...]
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class SessionLine(SessionSummary):
    """A line of the console's list, which says too whose session it is."""

    username: str = field(repr=False)
    account_kind: str
    surface: str
    device_id: UUID | None
    signs: RiskSign

    @property
    def acr(self) -> str:
        """What the factors proved together: what they are worth now may be less."""
        return acr_proved_by(self.factors)


@dataclass(frozen=True, slots=True)
class SiteSession:
    """A site that a session is signed in to, and since when."""

    client_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """What one transaction ended, for whoever has to tell others.

    ``whole_account`` is set when nothing of that account goes on anywhere.
    """

    reason: str
    actor: str
    sites: tuple[EndedSite, ...]
    whole_account: UUID | None = None
