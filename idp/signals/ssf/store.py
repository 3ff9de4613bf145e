"""Statements on streams, and the mapping of their rows."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, or_, select, update

from idp.foundation.database import Database
from idp.sessions.models import ClientSession, Subject
from idp.sessions.values import EndedSite
from idp.signals.ssf.models import StreamRow, StreamSubject
from idp.signals.ssf.values import Stream

COLUMNS = tuple(getattr(StreamRow, field.name) for field in fields(Stream))


class StreamStore:
    """Reads and writes streams."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_client(self, client_id: str, *, lock: bool = False) -> Stream | None:
        return self._one(StreamRow.client_id == client_id, lock=lock)

    def by_reference(self, reference: str, *, lock: bool = False) -> Stream | None:
        return self._one(StreamRow.reference == reference, lock=lock)

    def all(self) -> list[Stream]:
        with self._database.read() as connection:
            return [Stream(*row) for row in connection.execute(select(*COLUMNS).order_by(StreamRow.client_id))]

    def idle_since(self, at: datetime) -> list[Stream]:
        """Return the enabled poll streams that were neither changed nor called since."""
        is_on = (StreamRow.method == "poll") & (StreamRow.status == "enabled")
        return self._many(select(*COLUMNS).where(is_on, _is_left_alone(at)))

    def paused_since(self, at: datetime) -> list[Stream]:
        """Return the paused streams, pushed or polled, that were neither changed nor called since."""
        return self._many(select(*COLUMNS).where(StreamRow.status == "paused", _is_left_alone(at)))

    def sites_of(self, session_id: UUID) -> tuple[EndedSite, ...]:
        """Return the live sites of a session, as each knows it."""
        statement = select(
            ClientSession.account_id, ClientSession.client_id, ClientSession.sid, ClientSession.sub
        ).where(ClientSession.op_session_id == session_id, ClientSession.ended_at.is_(None))
        with self._database.read() as connection:
            return tuple(EndedSite(*row) for row in connection.execute(statement))

    def hearing_of(self, account_id: UUID) -> list[Stream]:
        """Return the streams that are not disabled, without those whose receiver has removed the account."""
        removed = select(StreamSubject.stream_id).where(StreamSubject.account_id == account_id)
        return self._many(select(*COLUMNS).where(StreamRow.status != "disabled", StreamRow.id.not_in(removed)))

    def of_clients(self, client_ids: Sequence[str]) -> list[Stream]:
        return self._many(select(*COLUMNS).where(StreamRow.status != "disabled", StreamRow.client_id.in_(client_ids)))

    def removed(self, stream_ids: Sequence[UUID], account_ids: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
        """Return which of these streams have removed which of these accounts."""
        statement = select(StreamSubject.stream_id, StreamSubject.account_id).where(
            StreamSubject.stream_id.in_(stream_ids), StreamSubject.account_id.in_(account_ids)
        )
        with self._database.read() as connection:
            return {(row.stream_id, row.account_id) for row in connection.execute(statement)}

    def subs(self, account_id: UUID, sectors: Sequence[str]) -> dict[str, str]:
        """Return the account's sub in each of the sectors where it has one."""
        statement = select(Subject.sector, Subject.sub).where(
            Subject.account_id == account_id, Subject.sector.in_(sectors)
        )
        with self._database.read() as connection:
            return {row.sector: row.sub for row in connection.execute(statement)}

    def account_of(self, sector: str, sub: str) -> UUID | None:
        statement = select(Subject.account_id).where(Subject.sector == sector, Subject.sub == sub)
        with self._database.read() as connection:
            return connection.scalar(statement)

    def insert(self, values: dict[str, Any]) -> bool:
        """Add a stream. Returns whether the client had none."""
        return self._database.insert_if_new(StreamRow, values)

    def update(self, stream_id: UUID, **values: Any) -> None:
        self._execute(update(StreamRow).where(StreamRow.id == stream_id).values(**values))

    def delete(self, stream_id: UUID) -> None:
        self._execute(delete(StreamSubject).where(StreamSubject.stream_id == stream_id))
        self._execute(delete(StreamRow).where(StreamRow.id == stream_id))

    def remove_subject(self, values: dict[str, Any]) -> bool:
        return self._database.insert_if_new(StreamSubject, values)

    def restore_subject(self, stream_id: UUID, account_id: UUID) -> bool:
        mine = (StreamSubject.stream_id == stream_id) & (StreamSubject.account_id == account_id)
        with self._database.transaction() as connection:
            return connection.execute(delete(StreamSubject).where(mine)).rowcount == 1

    def _one(self, condition: ColumnElement[bool], *, lock: bool) -> Stream | None:
        statement = select(*COLUMNS).where(condition)
        with self._database.read() as connection:
            row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
        return None if row is None else Stream(*row)

    def _many(self, statement: Select[Any]) -> list[Stream]:
        with self._database.read() as connection:
            return [Stream(*row) for row in connection.execute(statement)]

    def _execute(self, statement: Any) -> None:  # noqa: ANN401 - any statement
        with self._database.transaction() as connection:
            connection.execute(statement)


def _is_left_alone(since: datetime) -> ColumnElement[bool]:
    is_uncalled = or_(StreamRow.last_called_at.is_(None), StreamRow.last_called_at < since)
    return is_uncalled & (StreamRow.updated_at < since)
