"""Pages of a list that goes on from the last key seen, never by an offset: each costs the same, however far back."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, Select
from sqlalchemy.orm import InstrumentedAttribute

PAGE: Final = 50
"""How many lines a page shows."""


def rows_of_page(
    connection: Connection,
    statement: Select[Any],
    key: InstrumentedAttribute[UUID],
    *,
    before: UUID | None,
    after: UUID | None,
    size: int,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return up to ``size`` rows, greatest key first: those before a key, or the nearest after one."""
    if after is not None:
        return connection.execute(statement.where(key > after).order_by(key).limit(size)).all()[::-1]
    if before is not None:
        statement = statement.where(key < before)
    return connection.execute(statement.order_by(key.desc()).limit(size)).all()
