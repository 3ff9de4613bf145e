"""The record as lines that can be verified without us: the hashes of the tree, the events, the checkpoints.

A line is a JSON object: first the ``audit_export`` header; then for each tile its hashes, the events whose leaves they
are, and the checkpoints that end in it; last what was recorded since and is not sealed. Read in batches that hold no
long transaction: what is sealed does not change.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, func, or_, select

from idp.audit import store
from idp.audit.details import NETWORK, Details, Opening
from idp.audit.events import CheckpointKeyChanged
from idp.audit.leaf import members_of
from idp.audit.models import AuditCheckpoint, AuditDetail, AuditEvent, AuditHead, AuditTile
from idp.audit.tree import HASH, TILE
from idp.foundation.columns import moment_of
from idp.foundation.database import Database
from idp.foundation.errors import IDPError

FORMAT: Final = 1
_TILES_AT_ONCE: Final = 16
# Clocks of nodes differ, and an event is sealed a moment after it occurred.
_MARGIN: Final = timedelta(minutes=1)
_HASH_LINE, _EVENT_LINE = 44, 1000
_IS_KEY_CHANGE: Final = AuditEvent.action == CheckpointKeyChanged.action

Line = dict[str, Any]


def export_lines(
    database: Database, details: Details, now: datetime, *, since: datetime | None = None, sealed_only: bool = False
) -> Iterator[Line]:
    """Yield the lines of an export, events from a time on. ``sealed_only`` ends it at the newest checkpoint."""
    with database.read() as connection:
        first = 0 if since is None else _first_leaf(connection, since)
        size = _size(connection, at_checkpoint=sealed_only)
    yield from span_lines(database, details, now, Span(first, size))
    if not sealed_only:
        with database.read() as connection:
            lines = list(_rest(connection, size, since, details))
        yield from lines


@dataclass(frozen=True, slots=True)
class Span:
    """The events from one leaf to the size of a checkpoint."""

    first: int
    size: int

    @property
    def bytes(self) -> int:
        """About how long an export of it is: the hashes of all leaves up to its end, and its own events."""
        return self.size * _HASH_LINE + max(self.size - self.first, 0) * _EVENT_LINE


def span_between(database: Database, since: datetime, until: datetime) -> Span | None:
    """Return the span that holds all events of a time, and some around it; None without a checkpoint over any.

    Checkpoints follow each other in time and in size, so that the one of a moment is found in a few steps.
    """
    with database.read() as connection:
        newest = _size(connection, at_checkpoint=True)
        first, _ = _checkpoint_by(connection, since - _MARGIN, newest)
        size, made = _checkpoint_by(connection, until + _MARGIN, newest)
        if size < newest and made < until:
            # Nothing was sealed for a while: what occurred meanwhile is under the next one.
            beyond = select(func.min(AuditCheckpoint.size)).where(AuditCheckpoint.size > size)
            size = connection.scalar(beyond) or newest
    return Span(first, size) if size > first else None


def span_lines(database: Database, details: Details, now: datetime, span: Span) -> Iterator[Line]:
    """Yield the lines of an export of a span."""
    first, size = span.first, span.size
    yield {"audit_export": FORMAT, "exported_at": now.isoformat(), "first_leaf": first, "size": size}
    for start in range(0, size, TILE * _TILES_AT_ONCE):
        with database.read() as connection:
            lines = list(_chunk(connection, start, min(size, start + TILE * _TILES_AT_ONCE), first, details))
        yield from lines


def event_line(row: Mapping[str, Any], details: Details) -> Line:
    """Return the line of an event: its canonical members, its place, and what opens its commitments."""
    return members_of(row) | {"leaf_index": row["leaf_index"]} | openings_of(row, details)


def openings_of(row: Mapping[str, Any], details: Details) -> dict[str, Any]:
    """Return what opens a row's commitments: ``network`` and ``salt``, in version 2 also ``openings`` of the others.

    ``is_unreadable`` says that something lies beside the event that is not what was put there.
    """
    try:
        openings = details.opened(row["id"], row["opening"])
    except IDPError:
        return {"network": None, "salt": None, "openings": {}, "is_unreadable": True}
    if NETWORK in openings:
        salt, network = openings.pop(NETWORK)
    else:
        salt, network = row["salt"], row["network"]
    # The first events had no commitment, and their networks no salt.
    first = {"network": network, "salt": salt.hex() if salt else None}
    return first | {"openings": _as_json(openings)} if openings else first


def _as_json(openings: Mapping[str, Opening]) -> dict[str, list[str]]:
    return {place: [one.salt.hex(), one.value] for place, one in openings.items()}


def events() -> Select[*tuple[Any, ...]]:
    """Return the statement of what ``event_line`` reads, before any condition."""
    return select(*store.EVENT, AuditDetail.opening).outerjoin(AuditDetail, AuditDetail.event_id == AuditEvent.id)


def _chunk(connection: Connection, start: int, end: int, first: int, details: Details) -> Iterator[Line]:
    tiles = connection.execute(
        select(AuditTile.tile_index, AuditTile.hashes)
        .where(AuditTile.level == 0, AuditTile.tile_index.between(start // TILE, (end - 1) // TILE))
        .order_by(AuditTile.tile_index)
    ).all()
    lines = _by_tile(
        event_line(dict(row), details)
        for row in connection.execute(
            events()
            .where(AuditEvent.leaf_index.between(start, end - 1), or_(AuditEvent.leaf_index >= first, _IS_KEY_CHANGE))
            .order_by(AuditEvent.leaf_index)
        ).mappings()
    )
    notes = connection.execute(
        select(AuditCheckpoint.size, AuditCheckpoint.note)
        .where(AuditCheckpoint.size.between(start + 1, end))
        .order_by(AuditCheckpoint.size)
    ).all()
    for index, hashes in tiles:
        yield {"tile": index, "hashes": base64.b64encode(hashes[: (end - index * TILE) * HASH]).decode()}
        yield from lines.get(index, ())
        yield from ({"checkpoint": note} for size, note in notes if (size - 1) // TILE == index)


def _rest(connection: Connection, size: int, since: datetime | None, details: Details) -> Iterator[Line]:
    """Yield what has no leaf in this export: events not sealed yet, and any that claim a leaf the tree never had."""
    head = select(AuditHead.size).scalar_subquery()
    statement = (
        events()
        .add_columns(head.label("size"))
        .where(or_(AuditEvent.leaf_index.is_(None), AuditEvent.leaf_index >= size))
    )
    if since is not None:
        statement = statement.where(AuditEvent.occurred_at >= since)
    for row in connection.execute(statement.order_by(AuditEvent.leaf_index, AuditEvent.id)).mappings():
        line = event_line(dict(row), details)
        # What was sealed while this export ran is beyond its tree.
        is_later = line["leaf_index"] is not None and line["leaf_index"] < row["size"]
        yield line | {"leaf_index": None} if is_later else line


def _by_tile(lines: Iterator[Line]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    for line in lines:
        found.setdefault(line["leaf_index"] // TILE, []).append(line)
    return found


def _first_leaf(connection: Connection, since: datetime) -> int:
    """Return the first leaf of an event of this time or later: events commit in another order than they happen."""
    first = connection.scalar(select(func.min(AuditEvent.leaf_index)).where(AuditEvent.occurred_at >= since))
    return _size(connection, at_checkpoint=False) if first is None else int(first)


def _checkpoint_by(connection: Connection, moment: datetime, newest: int) -> tuple[int, datetime]:
    """Return the size of the last checkpoint that was made by a moment, 0 if there is none, and when that was.

    The interval is halved: sizes have an index, times have none, and both only grow.
    """
    low, high, at = 0, newest, moment_of(0)
    while low < high:
        middle = (low + high + 1) // 2
        statement = select(AuditCheckpoint.size, AuditCheckpoint.created_at).where(AuditCheckpoint.size >= middle)
        size, made = connection.execute(statement.order_by(AuditCheckpoint.size).limit(1)).one()
        low, high, at = (size, high, made) if made <= moment else (low, middle - 1, at)
    return low, at


def _size(connection: Connection, *, at_checkpoint: bool) -> int:
    statement = select(func.max(AuditCheckpoint.size)) if at_checkpoint else select(AuditHead.size)
    return connection.scalar(statement) or 0
