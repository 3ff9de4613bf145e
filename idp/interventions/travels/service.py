"""``Travels``: the journeys that were noted, latest first, and who made several."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import aliased

from idp.accounts.models import Account
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import first_uuid7
from idp.foundation.keyset import PAGE, rows_of_page
from idp.interventions.travels.lag import unjudged_since
from idp.interventions.travels.models import TravelRow
from idp.interventions.travels.rules import AIRLINER
from idp.sessions.models import OPSession

_MOST: Final = 50
# The worker is seldom further behind: then the list says so.
_SOON: Final = timedelta(minutes=1)
_there, _here = aliased(OPSession), aliased(OPSession)
_COLUMNS: Final[tuple[Any, ...]] = (
    TravelRow.id,
    TravelRow.account_id,
    Account.username,
    TravelRow.before_id,
    _there.created_at.label("left_at"),
    _there.network.label("left"),
    _here.created_at.label("arrived_at"),
    _here.network.label("arrived"),
    TravelRow.kilometres,
    TravelRow.speed,
    TravelRow.judged_at,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One of the two sign-ins."""

    session_id: UUID
    at: datetime
    network: str


@dataclass(frozen=True, slots=True)
class Travel:
    """Two sign-ins of an account, one after the other; ``id`` is the session of the second."""

    id: UUID
    account_id: UUID
    username: str = field(repr=False)
    before: Arrival
    after: Arrival
    kilometres: int
    speed: int
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Traveller:
    """An account, and how many journeys it made that nobody could."""

    account_id: UUID
    journeys: int


class Travels:
    """What the worker has noted (``judging``). A span of time is one of second sign-ins."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def page(
        self,
        speed: int,
        window: timedelta,
        *,
        before: UUID | None = None,
        after: UUID | None = None,
        size: int = PAGE,
    ) -> list[Travel]:
        """Return up to ``size`` journeys that would have taken more kilometres an hour, latest first."""
        statement = (
            select(*_COLUMNS)
            .join(_here, _here.id == TravelRow.id)
            .join(_there, _there.id == TravelRow.before_id)
            .join(Account, Account.id == TravelRow.account_id)
            .where(TravelRow.id >= first_uuid7(self._clock.now() - window), TravelRow.speed > speed)
        )
        with self._database.searching() as connection:
            rows = rows_of_page(connection, statement, TravelRow.id, before=before, after=after, size=size)
        return [_travel(row) for row in rows]

    def travellers(self, window: timedelta, *, least: int) -> list[Traveller]:
        """Return the accounts with at least so many journeys faster than an airliner, who made the latest first."""
        statement = (
            select(TravelRow.account_id, func.count())
            .where(TravelRow.id >= first_uuid7(self._clock.now() - window), TravelRow.speed > AIRLINER)
            .group_by(TravelRow.account_id)
            .having(func.count() >= least)
            .order_by(func.max(TravelRow.judged_at).desc(), TravelRow.account_id)
            .limit(_MOST)
        )
        with self._database.searching() as connection:
            return [Traveller(*row) for row in connection.execute(statement)]

    def behind_since(self) -> datetime | None:
        """Return since when sign-ins wait to be judged, None if that is not worth telling."""
        since = unjudged_since(self._database)
        return since if since is not None and self._clock.now() - since > _SOON else None


def _travel(row: Row[*tuple[Any, ...]]) -> Travel:
    return Travel(
        row.id,
        row.account_id,
        row.username,
        Arrival(row.before_id, row.left_at, row.left),
        Arrival(row.id, row.arrived_at, row.arrived),
        row.kilometres,
        row.speed,
        row.judged_at,
    )
