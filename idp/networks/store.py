"""Every statement on the table of networks. Ranges come in by COPY on PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, text

from idp.foundation.database import Database
from idp.networks.models import NetworkRange, NetworkTable
from idp.networks.ranges import Place, Range

_COLUMNS = ("load_id", "family", "first", "last", "country", "region", "latitude", "longitude", "operator", "asn")
_ONLY_ROW = 1


class NetworkStore:
    """Reads and writes ranges, load by load."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_force(self) -> Row[Any] | None:
        """Return load id, file name, number of ranges and time of the load in force."""
        statement = select(
            NetworkTable.load_id, NetworkTable.file_name, NetworkTable.ranges, NetworkTable.loaded_at
        ).where(NetworkTable.id == _ONLY_ROW)
        with self._database.read() as connection:
            return cast("Row[Any] | None", connection.execute(statement).one_or_none())

    def ranges(self, load_id: UUID) -> Iterator[Range]:
        """Yield the ranges of a load in the order that ``ranges.Table`` takes them in."""
        places: dict[tuple[object, ...], Place] = {}
        statement = (
            select(*(getattr(NetworkRange, name) for name in _COLUMNS[1:]))
            .where(NetworkRange.load_id == load_id)
            .order_by(NetworkRange.family, NetworkRange.first, NetworkRange.last.desc())
        )
        # Only within a transaction does PostgreSQL hand out rows bit by bit.
        reading = self._database.read if self._database.dialect == "sqlite" else self._database.transaction
        with reading() as connection:
            for family, first, last, *place in connection.execute(statement, execution_options={"yield_per": 5000}):
                known = places.setdefault(tuple(place), Place(*place))
                yield Range(family, first, last, known)

    def add(self, load_id: UUID, ranges: Sequence[Range]) -> None:
        """Add ranges to a load that is not in force yet."""
        rows = [_row(load_id, one) for one in ranges]
        with self._database.transaction() as connection:
            if self._database.dialect == "sqlite":
                connection.execute(insert(NetworkRange), [dict(zip(_COLUMNS, row, strict=True)) for row in rows])
                return
            cursor = connection.connection.cursor()
            with cursor.copy(f"COPY network_range ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

    def put_in_force(self, load_id: UUID, values: dict[str, object]) -> int:
        """Make a load the one in force; return how many ranges it has. Joins the transaction under way."""
        write = self._database.upsert(NetworkTable, "load_id", *values)
        with self._alone() as connection:
            connection.execute(write, {"id": _ONLY_ROW, "load_id": load_id, **values})
            mine = select(func.count()).where(NetworkRange.load_id == load_id)
            return connection.scalar(mine) or 0

    def drop_idle(self) -> None:
        """Delete every load but the one in force: those replaced, and those whose reading was interrupted."""
        in_force = select(NetworkTable.load_id).where(NetworkTable.id == _ONLY_ROW)
        with self._alone() as connection:
            connection.execute(delete(NetworkRange).where(NetworkRange.load_id.not_in(in_force)))

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """Begin a transaction at a time: what one puts into force, another that looked before would delete."""
        with self._database.transaction() as connection:
            if self._database.dialect == "postgresql":
                connection.execute(text("LOCK TABLE network_table IN SHARE ROW EXCLUSIVE MODE"))
            yield connection


def _row(load_id: UUID, one: Range) -> tuple[object, ...]:
    place = one.place
    return (
        load_id,
        one.family,
        one.first,
        one.last,
        place.country,
        place.region,
        place.latitude,
        place.longitude,
        place.operator,
        place.asn,
    )
