"""Leases: the turn at a row is one worker's, and free again after 30 s if that worker has died. Work that takes longer
renews its lease in its own transactions.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, or_, update
from sqlalchemy.orm import InstrumentedAttribute

LEASE: Final = timedelta(seconds=30)


def is_free(
    leased_until: InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime], now: datetime
) -> ColumnElement[bool]:
    """Return the condition that nobody has the turn.

    A lease that ends later than a fresh one would was given by a clock that has since been set back: it is over.
    """
    return or_(leased_until.is_(None), leased_until < now, leased_until > now + LEASE)


def claim_first(connection: Connection, table: type[Any], waiting: Select[UUID], now: datetime) -> UUID | None:
    """Take the turn at the first of the rows that wait and return its id; None if somebody is at each of them."""
    free = is_free(table.leased_until, now)
    first = waiting.where(free).limit(1).scalar_subquery()
    claim = update(table).where(table.id == first, free).values(leased_until=now + LEASE).returning(table.id)
    claimed: UUID | None = connection.scalar(claim)
    return claimed
