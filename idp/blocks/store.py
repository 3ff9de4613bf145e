"""Every statement on the entries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, update

from idp.blocks.models import BlockEntry
from idp.blocks.values import IN_FORCE, NETWORK, Entry, EntryFilter
from idp.foundation.database import Database
from idp.foundation.keyset import rows_of_page

_COLUMNS = (
    BlockEntry.id,
    BlockEntry.effect,
    BlockEntry.kind,
    BlockEntry.value,
    BlockEntry.digest,
    BlockEntry.reason,
    BlockEntry.actor,
    BlockEntry.created_at,
    BlockEntry.expires_at,
    BlockEntry.ended_at,
    BlockEntry.ended_by,
    BlockEntry.end_reason,
)


class BlockStore:
    """Reads and writes entries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_force(self, now: datetime) -> list[Entry]:
        """Return every entry in force."""
        with self._database.read() as connection:
            return [Entry(*row) for row in connection.execute(select(*_COLUMNS).where(_is_in_force(now)))]

    def count(self, now: datetime) -> int:
        """Return how many entries are in force."""
        statement = select(func.count()).select_from(BlockEntry).where(_is_in_force(now))
        with self._database.read() as connection:
            return connection.scalar(statement) or 0

    def get(self, entry_id: UUID) -> Entry | None:
        """Return an entry, over or not."""
        with self._database.read() as connection:
            row = connection.execute(select(*_COLUMNS).where(BlockEntry.id == entry_id)).one_or_none()
        return None if row is None else Entry(*row)

    def page(
        self, wanted: EntryFilter, now: datetime, *, before: UUID | None, after: UUID | None, size: int
    ) -> list[Entry]:
        """Return the entries beside one in the list, latest first."""
        conditions = [_is_in_force(now) if wanted.state == IN_FORCE else ~_is_in_force(now)]
        if wanted.kind is not None:
            conditions.append(BlockEntry.kind == wanted.kind)
        if wanted.effect is not None:
            conditions.append(BlockEntry.effect == wanted.effect)
        if wanted.ids is not None:
            conditions.append(BlockEntry.id.in_(wanted.ids))
        statement: Select[*tuple[Any, ...]] = select(*_COLUMNS).where(*conditions)
        with self._database.searching() as connection:
            rows = rows_of_page(connection, statement, BlockEntry.id, before=before, after=after, size=size)
        return [Entry(*row) for row in rows]

    def networks_blocked_alone(self, actor: str, effect: str, since: datetime) -> Sequence[str]:
        """Return the networks that somebody has listed without a second officer since a time, lifted or not."""
        statement = select(BlockEntry.value).where(
            BlockEntry.actor == actor,
            BlockEntry.created_at > since,
            BlockEntry.effect == effect,
            BlockEntry.kind == NETWORK,
            BlockEntry.is_approved.is_(False),
        )
        with self._database.read() as connection:
            return connection.scalars(statement).all()

    def insert(self, entry: Entry, *, is_approved: bool) -> bool:
        """Insert an entry; tell whether none of its effect, kind and value was in force. One that has expired makes
        room.
        """
        values = {column.key: getattr(entry, column.key) for column in _COLUMNS} | {"is_approved": is_approved}
        expired = update(BlockEntry).where(
            BlockEntry.effect == entry.effect,
            BlockEntry.kind == entry.kind,
            BlockEntry.value == entry.value,
            BlockEntry.ended_at.is_(None),
            BlockEntry.expires_at <= entry.created_at,
        )
        with self._database.transaction() as connection:
            connection.execute(expired.values(ended_at=BlockEntry.expires_at))
            statement = self._database.insert_new(BlockEntry).values(**values).returning(BlockEntry.id)
            return connection.scalar(statement) is not None

    def end(self, entry_id: UUID, now: datetime, actor: str, reason: str) -> Entry | None:
        """End an entry that is in force; None if it is not any more."""
        ending = (
            update(BlockEntry)
            .where(BlockEntry.id == entry_id, _is_in_force(now))
            .values(ended_at=now, ended_by=actor, end_reason=reason)
            .returning(*_COLUMNS)
        )
        with self._database.transaction() as connection:
            row = connection.execute(ending).one_or_none()
        return None if row is None else Entry(*row)


def _is_in_force(now: datetime) -> ColumnElement[bool]:
    return and_(BlockEntry.ended_at.is_(None), BlockEntry.expires_at > now)
