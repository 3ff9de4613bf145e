"""Impossible travel (console.md §2): an account that signs in at two places, farther apart than anybody gets in the
time between.

One statement pairs each sign-in with the one before it; the table of networks says where they were.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, select

from idp.accounts.models import Account
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import first_uuid7
from idp.networks.ranges import Place
from idp.networks.service import Networks
from idp.sessions.models import OPSession

_LOOKS_BACK: Final = timedelta(hours=24)
_MOST_PAIRS: Final = 20_000
_MOST: Final = 50
# The place of a network is that of a town, often of a province: below this, the distance says nothing.
_LEAST_KM: Final = 200
_LEAST_HOURS: Final = 1 / 60
_EARTH_KM: Final = 6371.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One of the two sign-ins."""

    session_id: UUID
    at: datetime
    network: str
    place: Place


@dataclass(frozen=True, slots=True)
class Travel:
    """Two sign-ins of an account, one after the other."""

    account_id: UUID
    username: str = field(repr=False)
    before: Arrival
    after: Arrival
    kilometres: int
    speed: int


class Travels:
    """Looks for accounts that are at two places."""

    def __init__(self, database: Database, clock: Clock, networks: Networks) -> None:
        self._database = database
        self._clock = clock
        self._networks = networks

    def faster_than(self, speed: int, window: timedelta) -> list[Travel]:
        """Return the journeys of a window that would have taken more kilometres an hour, the fastest first."""
        if not self._networks.is_known():
            return []
        # Many come from few networks.
        place_of = cache(self._networks.place_of)
        found = [travel for row in self._pairs(window) if (travel := _travel(row, place_of)) and travel.speed > speed]
        return sorted(found, key=lambda travel: travel.speed, reverse=True)[:_MOST]

    def _pairs(self, window: timedelta) -> list[Row[Any]]:
        """Return each sign-in of the window whose network is not that of the one before, latest first."""
        since = self._clock.now() - window
        # By themselves first: in the order of the accounts PostgreSQL would read the sessions of all history.
        recent = (
            select(OPSession.id, OPSession.account_id, OPSession.created_at, OPSession.network)
            .where(OPSession.id >= first_uuid7(since - _LOOKS_BACK), OPSession.network.is_not(None))
            .cte("recent")
            .prefix_with("MATERIALIZED", dialect="postgresql")
        )
        order: dict[str, Any] = {"partition_by": recent.c.account_id, "order_by": recent.c.id}
        paired = select(
            recent,
            *(
                func.lag(column, type_=column.type).over(**order).label(f"earlier_{column.key}")
                for column in (recent.c.id, recent.c.created_at, recent.c.network)
            ),
        ).subquery()
        moved = (
            select(paired)
            .where(paired.c.id >= first_uuid7(since), paired.c.network != paired.c.earlier_network)
            .order_by(paired.c.id.desc())
            .limit(_MOST_PAIRS)
            .subquery()
        )
        statement = (
            select(moved, Account.username).join(Account, Account.id == moved.c.account_id).order_by(moved.c.id.desc())
        )
        with self._database.searching() as connection:
            return list(connection.execute(statement).all())


def _travel(row: Row[Any], place_of: Callable[[str], Place | None]) -> Travel | None:
    here, there = place_of(row.network), place_of(row.earlier_network)
    if here is None or there is None or here == there:
        return None
    kilometres = distance(here, there)
    if kilometres < _LEAST_KM:
        return None
    hours = max((row.created_at - row.earlier_created_at) / timedelta(hours=1), _LEAST_HOURS)
    return Travel(
        row.account_id,
        row.username,
        Arrival(row.earlier_id, row.earlier_created_at, row.earlier_network, there),
        Arrival(row.id, row.created_at, row.network, here),
        round(kilometres),
        round(kilometres / hours),
    )


def distance(one: Place, other: Place) -> float:
    """Return the kilometres between two places along the surface (haversine)."""
    south, north = radians(one.latitude), radians(other.latitude)
    half_north, half_east = (north - south) / 2, radians(other.longitude - one.longitude) / 2
    chord = sin(half_north) ** 2 + cos(south) * cos(north) * sin(half_east) ** 2
    return 2 * _EARTH_KM * asin(min(sqrt(chord), 1.0))
