"""The audit record by filter, for staff: one statement a page, continued by the last id seen, never by an offset.

An event's id is a UUIDv7, so that a span of time is a span of ids and needs no index of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_

from idp.audit.details import OPERATOR, REGION, Details
from idp.audit.events import Event
from idp.audit.models import COMMON, AuditDetail, AuditEvent, is_uncommon
from idp.audit.records import AuditRecord, reading, record_of
from idp.foundation.database import Database
from idp.foundation.entropy import first_uuid7
from idp.foundation.keyset import PAGE, rows_of_page

_BATCH: Final = 1000
_MASK: Final = "****"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What events must have in common; None does not matter. ``hidden`` actions are left out of a view, not dropped.

    ``network`` is an address or a network, ``regions`` and ``operators`` are names as ``Details`` was told them; all
    are found by the digests that ``EventSearch`` fills in.
    """

    actor: str | None = None
    account_id: UUID | None = None
    client_id: str | None = None
    action: str | None = None
    request_id: str | None = None
    network: str | None = None
    regions: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    hidden: tuple[str, ...] = ()
    network_indexes: tuple[bytes, ...] | None = field(default=None, repr=False)
    region_indexes: tuple[bytes, ...] | None = field(default=None, repr=False)
    operator_indexes: tuple[bytes, ...] | None = field(default=None, repr=False)

    def applied(self, statement: Select[*tuple[Any, ...]]) -> Select[Any]:
        """Return a statement over ``audit_event`` and its details with these conditions."""
        equal = {
            AuditEvent.actor: self.actor,
            AuditEvent.account_id: self.account_id,
            AuditEvent.client_id: self.client_id,
            AuditEvent.action: self.action,
            AuditEvent.request_id: self.request_id,
        }
        statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
        statement = statement.where(*self._in_words_of_indexes())
        for column, indexes in (
            (AuditDetail.network_index, self.network_indexes),
            (AuditDetail.region_index, self.region_indexes),
            (AuditDetail.operator_index, self.operator_indexes),
        ):
            if indexes is not None:
                statement = statement.where(column.in_(indexes))
        if self.since is not None:
            statement = statement.where(AuditEvent.id >= first_uuid7(self.since))
        if self.until is not None:
            statement = statement.where(AuditEvent.id < first_uuid7(self.until))
        return statement.where(AuditEvent.action.not_in(self.hidden)) if self.hidden else statement

    def _in_words_of_indexes(self) -> Iterator[ColumnElement[bool]]:
        """Yield what follows from the conditions already, said so that the smaller indexes of ``AuditEvent`` serve."""
        if self.action is not None and self.action not in COMMON:
            yield is_uncommon()
        if self.actor is not None:
            kind, _, client_id = self.actor.partition(":")
            # What is common is done by a site, about itself.
            yield or_(is_uncommon(), AuditEvent.client_id == client_id) if kind == "client" else is_uncommon()

    def packed(self) -> dict[str, Any]:
        """Return it as JSON, for the record of an export; where somebody was does not go into a leaf."""
        chosen = asdict(replace(self, network_indexes=None, region_indexes=None, operator_indexes=None))
        masked = {name: _MASK for name in ("network", "regions", "operators") if chosen[name]}
        return {name: str(value) for name, value in (chosen | masked).items() if value}


class EventSearch:
    """What staff find out about events."""

    def __init__(self, database: Database, details: Details) -> None:
        self._database = database
        self._details = details

    def page(
        self, chosen: EventFilter, *, before: UUID | None = None, after: UUID | None = None, size: int = PAGE
    ) -> list[AuditRecord]:
        """Return up to ``size`` events, latest first: those before one, or the nearest after one."""
        statement = self._indexed(chosen).applied(reading())
        with self._database.searching() as connection:
            rows = rows_of_page(connection, statement, AuditEvent.id, before=before, after=after, size=size)
        return [record_of(row, self._details) for row in rows]

    def personal(self, chosen: EventFilter, place: str, *, size: int = PAGE) -> list[tuple[AuditRecord, str | None]]:
        """Return the latest events with the personal value that each has at a place, as it is: None where it has none,
        or it was erased. Whoever asks has to be allowed to read it.
        """
        statement = self._indexed(chosen).applied(reading())
        with self._database.searching() as connection:
            rows = rows_of_page(connection, statement, AuditEvent.id, before=None, after=None, size=size)
        openings = [self._details.readable(row.id, row.opening) for row in rows]
        return [
            (record_of(row, self._details), kept[place].value if place in kept else None)
            for row, kept in zip(rows, openings, strict=True)
        ]

    def _indexed(self, chosen: EventFilter) -> EventFilter:
        """Return the filter with the digests that it finds places by."""
        return replace(
            chosen,
            network_indexes=None if chosen.network is None else tuple(self._details.indexes_in(chosen.network)),
            region_indexes=self._indexes(REGION, chosen.regions),
            operator_indexes=self._indexes(OPERATOR, chosen.operators),
        )

    def _indexes(self, kind: str, names: Iterable[str]) -> tuple[bytes, ...] | None:
        return tuple(self._details.index(name, kind) for name in names) or None

    def find(self, event_id: UUID) -> AuditRecord | None:
        """Return one event."""
        with self._database.read() as connection:
            row = connection.execute(reading().where(AuditEvent.id == event_id)).one_or_none()
        return None if row is None else record_of(row, self._details)

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
