"""How much each site is used: when somebody last signed in to it, and how many people did in 30 days.

The people of a large site are millions of rows, so that the worker counts them, large sites once a day, and pages show
what was counted, with the time. A person counts once, however often they came; a site that only refreshes its tokens
has no sign-in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.registry.models import ClientRow
from idp.sessions.models import ClientSession, ClientUsage

SPAN: Final = timedelta(days=30)
_LARGE: Final = 10_000
_OFTEN, _SELDOM = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SiteUsage:
    """What is known of a site; None for what never happened."""

    last_sign_in: datetime | None = None
    people: int | None = None
    counted_at: datetime | None = None


class SiteUsages:
    """Counts the people of sites, and tells."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of_all(self) -> dict[str, SiteUsage]:
        """Return the usage of every site: one statement, with one step in an index for each one's last sign-in."""
        latest = select(func.max(ClientSession.created_at)).where(ClientSession.client_id == ClientRow.client_id)
        statement = select(
            ClientRow.client_id, latest.scalar_subquery(), ClientUsage.people, ClientUsage.counted_at
        ).outerjoin(ClientUsage, ClientUsage.client_id == ClientRow.client_id)
        with self._database.read() as connection:
            return {row[0]: SiteUsage(row[1], row[2], row[3]) for row in connection.execute(statement)}

    def count(self) -> int:
        """Count the people of the sites whose count is old, and return how many sites these were.

        Two nodes that count the same site at once write the same.
        """
        now = self._clock.now()
        statement = (
            select(ClientRow.client_id)
            .outerjoin(ClientUsage, ClientUsage.client_id == ClientRow.client_id)
            .where(_is_old(now))
        )
        with self._database.read() as connection:
            due = connection.scalars(statement).all()
        for client_id in due:
            self._count_one(client_id, now)
        return len(due)

    def _count_one(self, client_id: str, now: datetime) -> None:
        people = (
            select(ClientSession.account_id)
            .where(ClientSession.client_id == client_id, ClientSession.created_at >= now - SPAN)
            .distinct()
            .subquery()
        )
        with self._database.searching() as connection:
            counted = connection.scalar(select(func.count()).select_from(people)) or 0
        row = {"client_id": client_id, "people": counted, "counted_at": now}
        with self._database.transaction() as connection:
            connection.execute(self._database.upsert(ClientUsage, "people", "counted_at"), row)


def _is_old(now: datetime) -> ColumnElement[bool]:
    is_small = ClientUsage.people < _LARGE
    return or_(
        ClientUsage.counted_at.is_(None),
        ClientUsage.counted_at < now - _SELDOM,
        is_small & (ClientUsage.counted_at < now - _OFTEN),
    )
