"""How long a session lives (NIST 800-63B §2.1.3 and §2.2.3, ASVS 7.3). Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from idp.foundation.settings import Settings

SEEN_GRANULARITY = timedelta(minutes=1)
EXPIRED: Final = "expired"
"""Why a session ended that nobody ended."""


def end_of(
    ended_at: datetime | None, reason: str | None, *, expires_at: datetime, now: datetime
) -> tuple[datetime | None, str | None]:
    """Return when and why a session ended; its own time ends it without anything being written."""
    if ended_at is None and expires_at <= now:
        return expires_at, EXPIRED
    return ended_at, reason


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Idle and total lifetime of sessions, by account kind."""

    idle: timedelta
    total: timedelta
    staff_idle: timedelta
    staff_total: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the lifetimes that a deployment chose."""
        return cls(
            timedelta(seconds=settings.session_idle_seconds),
            timedelta(seconds=settings.session_total_seconds),
            timedelta(seconds=settings.staff_session_idle_seconds),
            timedelta(seconds=settings.staff_session_total_seconds),
        )

    def idle_for(self, kind: str) -> timedelta:
        """Return how long a session of this account kind lives without use."""
        return self.staff_idle if kind == "staff" else self.idle

    def is_live(self, kind: str, *, last_seen_at: datetime, expires_at: datetime, now: datetime) -> bool:
        """Tell whether a session that nobody ended is still within both lifetimes."""
        return now < expires_at and now - last_seen_at < self.idle_for(kind)
