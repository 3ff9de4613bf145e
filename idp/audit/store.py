"""Statements over the head, the tiles and the checkpoints of the tree. Private to the package."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, tuple_, update

from idp.audit.models import AuditCheckpoint, AuditEvent, AuditHead, AuditTile
from idp.audit.notes import Note, parse_note
from idp.audit.tree import HASH, TILE, Hash, Tiles, edge_at, edge_tiles
from idp.foundation.columns import moment_of
from idp.foundation.database import Database
from idp.foundation.lease import LEASE, is_free

EVENT = tuple(AuditEvent.__table__.columns)
_HEAD = (AuditHead.size, AuditHead.kid, AuditHead.public_key)


class Fenced(Exception):
    """Another sealer has taken over; whatever this one was writing is rolled back."""


@dataclass(frozen=True, slots=True)
class Head:
    """How many leaves are sealed, and with which key checkpoints are signed."""

    size: int
    kid: str | None
    public_key: bytes | None

    @property
    def signing_key(self) -> tuple[str, bytes] | None:
        """The id and public half of the key that signs; None before there is one."""
        return None if self.kid is None or self.public_key is None else (self.kid, self.public_key)


def claim(connection: Connection, now: datetime) -> int | None:
    """Take the lease if nobody has it, and return the new fencing token."""
    statement = (
        update(AuditHead)
        .where(AuditHead.id == 1, is_free(AuditHead.leased_until, now))
        .values(fence=AuditHead.fence + 1, leased_until=now + LEASE)
        .returning(AuditHead.fence)
    )
    fence: int | None = connection.execute(statement).scalar_one_or_none()
    return fence


def overtake(connection: Connection) -> Head:
    """Lock the head, end whatever lease there is, and return the head."""
    statement = update(AuditHead).where(AuditHead.id == 1).values(fence=AuditHead.fence + 1, leased_until=moment_of(0))
    return Head(*connection.execute(statement.returning(*_HEAD)).one())


def hold(connection: Connection, fence: int, now: datetime) -> Head:
    """Lock the head until the transaction ends, renew the lease, and return the head. Raises Fenced."""
    statement = update(AuditHead).where(AuditHead.id == 1, AuditHead.fence == fence).values(leased_until=now + LEASE)
    row = connection.execute(statement.returning(*_HEAD)).one_or_none()
    if row is None:
        raise Fenced
    return Head(*row)


def has_key(connection: Connection) -> bool:
    """Tell whether there is a checkpoint key yet."""
    return connection.scalar(select(AuditHead.kid)) is not None


def has_unsealed(connection: Connection) -> bool:
    """Tell whether an event waits for its leaf index."""
    return connection.scalar(select(AuditEvent.id).where(AuditEvent.leaf_index.is_(None)).limit(1)) is not None


def take_places(connection: Connection, size: int, limit: int) -> list[dict[str, Any]]:
    """Give the next leaf indexes to events that have none, and return those rows in the order of their leaves.

    Whatever has committed and has no place is taken, however late it committed; ids are only the order within a batch.
    That a row has no place is not asked again, because PostgreSQL would then look for each among all that wait; the
    table itself refuses a second place.
    """
    waiting = (
        select(AuditEvent.id, (func.row_number().over(order_by=AuditEvent.id) - 1).label("place"))
        .where(AuditEvent.leaf_index.is_(None))
        .order_by(AuditEvent.id)
        .limit(limit)
        .subquery("waiting")
    )
    statement = (
        update(AuditEvent)
        .where(AuditEvent.id == waiting.c.id)
        .values(leaf_index=size + waiting.c.place)
        .returning(*EVENT)
    )
    rows = [dict(row) for row in connection.execute(statement).mappings()]
    return sorted(rows, key=lambda row: int(row["leaf_index"]))


def tiles_of(connection: Connection) -> Tiles:
    """Return how tiles are read over this connection, each once."""
    known: dict[tuple[int, int], list[Hash]] = {}

    def read(level: int, index: int) -> list[Hash]:
        if (level, index) not in known:
            known.update(read_tiles(connection, [(level, index)]))
        return known.get((level, index), [])

    return read


def read_tiles(connection: Connection, addresses: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[Hash]]:
    """Return the tiles of these addresses that exist."""
    statement = select(AuditTile.level, AuditTile.tile_index, AuditTile.hashes).where(
        tuple_(AuditTile.level, AuditTile.tile_index).in_(list(addresses))
    )
    return {(level, index): split(hashes) for level, index, hashes in connection.execute(statement)}


def read_edge(connection: Connection, size: int) -> list[list[Hash]]:
    """Return the unfinished tiles of the tree at this size, in one query."""
    known = read_tiles(connection, edge_tiles(size))
    return edge_at(size, lambda level, index: known[level, index])


def write_tiles(connection: Connection, database: Database, tiles: Mapping[tuple[int, int], list[Hash]]) -> None:
    """Write tiles, new ones and those that grew."""
    rows = [
        {"level": level, "tile_index": index, "hashes": b"".join(hashes)} for (level, index), hashes in tiles.items()
    ]
    connection.execute(database.upsert(AuditTile, "hashes"), rows)


def split(hashes: bytes) -> list[Hash]:
    """Return the hashes that stand one after the other."""
    return [hashes[start : start + HASH] for start in range(0, min(len(hashes), TILE * HASH), HASH)]


def newest_checkpoint(connection: Connection, *conditions: ColumnElement[bool]) -> Note | None:
    """Return the checkpoint of the greatest size, among those that meet the conditions."""
    statement = select(AuditCheckpoint.note).where(*conditions).order_by(AuditCheckpoint.size.desc()).limit(1)
    note: str | None = connection.scalar(statement)
    return None if note is None else parse_note(note)
