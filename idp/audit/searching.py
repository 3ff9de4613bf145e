"""The audit record by filter, for staff: one statement a page, continued by the last id seen, never by an offset.

An event's id is a UUIDv7, so that a span of time is a span of ids and needs no index of its own.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from idp.audit.events import Event
from idp.audit.models import AuditEvent
from idp.audit.service import AuditRecord
from idp.foundation.database import Database
from idp.foundation.entropy import first_uuid7
from idp.foundation.keyset import rows_of_page

PAGE: Final = 50
_BATCH: Final = 1000
_COLUMNS: Final = tuple(getattr(AuditEvent, field.name) for field in fields(AuditRecord))


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What events must have in common; None does not matter. ``hidden`` actions are left out of a view, not dropped."""

    actor: str | None = None
    account_id: UUID | None = None
    client_id: str | None = None
    action: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    hidden: tuple[str, ...] = ()

    def applied(self, statement: Select[Any]) -> Select[Any]:
        """Return a statement over ``audit_event`` with these conditions."""
        equal = {
            AuditEvent.actor: self.actor,
            AuditEvent.account_id: self.account_id,
            AuditEvent.client_id: self.client_id,
            AuditEvent.action: self.action,
            AuditEvent.request_id: self.request_id,
        }
        statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
        if self.since is not None:
            statement = statement.where(AuditEvent.id >= first_uuid7(self.since))
        if self.until is not None:
            statement = statement.where(AuditEvent.id < first_uuid7(self.until))
        return statement.where(AuditEvent.action.not_in(self.hidden)) if self.hidden else statement

    def packed(self) -> dict[str, Any]:
        """Return it as JSON, for the record of an export."""
        return {name: str(value) for name, value in asdict(self).items() if value}


class EventSearch:
    """What staff find out about events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, chosen: EventFilter, *, before: UUID | None = None, after: UUID | None = None, size: int = PAGE
    ) -> list[AuditRecord]:
        """Return up to ``size`` events, latest first: those before one, or the nearest after one."""
        statement = chosen.applied(select(*_COLUMNS))
        with self._database.searching() as connection:
            rows = rows_of_page(connection, statement, AuditEvent.id, before=before, after=after, size=size)
        return [AuditRecord(*row) for row in rows]

    def find(self, event_id: UUID) -> AuditRecord | None:
        """Return one event."""
        with self._database.read() as connection:
            row = connection.execute(select(*_COLUMNS).where(AuditEvent.id == event_id)).one_or_none()
        return None if row is None else AuditRecord(*row)

    def every(self, chosen: EventFilter) -> Iterator[AuditRecord]:
        """Yield all events of a filter, latest first, in batches that hold no long transaction."""
        last: UUID | None = None
        while True:
            batch = self.page(chosen, before=last, size=_BATCH)
            yield from batch
            if len(batch) < _BATCH:
                return
            last = batch[-1].id


def actions() -> tuple[str, ...]:
    """Return every action that this version records, in order."""
    return tuple(sorted({kind.action for kind in _kinds(Event) if hasattr(kind, "action")}))


def _kinds(kind: type[Event]) -> Iterator[type[Event]]:
    for one in kind.__subclasses__():
        yield one
        yield from _kinds(one)
