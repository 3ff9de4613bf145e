"""Impossible travel (console.md §2): an account that signs in at two places, farther apart than anybody gets in the
time between.

One statement pairs each sign-in with the one before it; the table of networks says where they were.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
        found = [travel for row in self._pairs(window) if (travel := self._travel(row)) and travel.speed > speed]
        return sorted(found, key=lambda travel: travel.speed, reverse=True)[:_MOST]

    def _pairs(self, window: timedelta) -> list[Row[Any]]:
        """Return each sign-in of the window whose network is not that of the one before, latest first."""
        since = self._clock.now() - window
        order: dict[str, Any] = {"partition_by": OPSession.account_id, "order_by": OPSession.id}
        paired = (
            select(
                OPSession.id,
                OPSession.account_id,
                OPSession.created_at,
                OPSession.network,
                *(
                    func.lag(column, type_=column.type).over(**order).label(f"earlier_{column.key}")
                    for column in (OPSession.id, OPSession.created_at, OPSession.network)
                ),
            )
            .where(OPSession.id >= first_uuid7(since - _LOOKS_BACK), OPSession.network.is_not(None))
            .subquery()
        )
        statement = (
            select(paired, Account.username)
            .join(Account, Account.id == paired.c.account_id)
            .where(paired.c.id >= first_uuid7(since), paired.c.network != paired.c.earlier_network)
            .order_by(paired.c.id.desc())
            .limit(_MOST_PAIRS)
        )
        with self._database.read() as connection:
            return list(connection.execute(statement).all())

    def _travel(self, row: Row[Any]) -> Travel | None:
        here, there = self._networks.place_of(row.network), self._networks.place_of(row.earlier_network)
        if here is None or there is None:
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
