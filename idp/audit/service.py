"""Writing and reading the audit record (rule A3: inserted in the transaction it records).

The hash of every leaf also goes to the log stream when its transaction has committed (rule A4), so that a row changed
before it was sealed is caught by whoever keeps the logs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from idp.audit.events import Event, PersonalValuesErased
from idp.audit.leaf import SALT, commitment, hash_of
from idp.audit.models import AuditEvent
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.logging import get_logger, request_context
from idp.foundation.prepared_statement import PreparedStatement

_COMMON = frozenset(field.name for field in fields(Event))
_BATCH = 1000
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An event as it is read back."""

    id: UUID
    occurred_at: datetime
    action: str
    actor: str
    account_id: UUID | None
    client_id: str | None
    session_id: UUID | None
    reason: str | None
    request_id: str | None
    network: str | None
    detail: dict[str, Any]


class Audit:
    """Records events in the present transaction."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._listeners: list[Callable[[Event], None]] = []

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Have a listener called with every event, in the transaction that records it: what it writes commits too."""
        self._listeners.append(listener)

    def record(self, *events: Event) -> None:
        """Insert events; they commit, or vanish, with the transaction under way."""
        rows = [self.row(event) for event in events]
        with self._database.transaction() as connection:
            for row in rows:
                _INSERT.rows(connection, row)
            self.announce(rows)
            for event in events:
                for listener in self._listeners:
                    listener(event)

    def announce(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Log the leaf hashes of rows once the present transaction has committed."""
        leaves = [hash_of(row).hex() for row in rows]
        self._database.after_commit(lambda: _log.info("audit_committed", leaves=leaves))

    def row(self, event: Event) -> dict[str, Any]:
        """Return the values of an event's row, for statements that insert it themselves and then ``announce`` it; no
        listener hears of it.
        """
        context = request_context.get()
        salt = self._entropy.token_bytes(SALT) if context.network else None
        return {
            "id": self._entropy.uuid7(),
            "occurred_at": self._clock.now(),
            "action": event.action,
            "actor": event.actor,
            "account_id": event.account_id,
            "client_id": event.client_id,
            "session_id": event.session_id,
            "reason": event.reason,
            "request_id": context.request_id or None,
            "network": context.network or None,
            "network_commitment": None if salt is None else commitment(salt, context.network),
            "salt": salt,
            "detail": {name: value for name in _own_fields(type(event)) if (value := getattr(event, name)) is not None},
        }

    def of_account(self, account_id: UUID, *, limit: int = 50) -> Sequence[AuditRecord]:
        """Return the latest events of one account, newest first."""
        statement = (
            select(*_COLUMNS).where(AuditEvent.account_id == account_id).order_by(AuditEvent.id.desc()).limit(limit)
        )
        with self._database.read() as connection:
            return [AuditRecord(*row) for row in connection.execute(statement)]

    def erase_personal_values(self, account_id: UUID, *, actor: str, reason: str) -> int:
        """Erase the personal values in an account's events, and return how many events had some (rule A6)."""
        has_values = (AuditEvent.network.is_not(None)) | (AuditEvent.salt.is_not(None))
        statement = update(AuditEvent).where(AuditEvent.account_id == account_id, has_values)
        with self._database.transaction() as connection:
            count = connection.execute(statement.values(network=None, salt=None)).rowcount
            self.record(PersonalValuesErased(actor=actor, account_id=account_id, reason=reason, events=count))
        return count

    def export(self, *, since: datetime | None = None) -> Iterator[AuditRecord]:
        """Yield every event from a time on, oldest first, in batches that hold no long transaction."""
        last: UUID | None = None
        while True:
            statement = select(*_COLUMNS).order_by(AuditEvent.id).limit(_BATCH)
            if since is not None:
                statement = statement.where(AuditEvent.occurred_at >= since)
            if last is not None:
                statement = statement.where(AuditEvent.id > last)
            with self._database.read() as connection:
                batch = [AuditRecord(*row) for row in connection.execute(statement)]
            yield from batch
            if len(batch) < _BATCH:
                return
            last = batch[-1].id


_INSERT = PreparedStatement(insert(AuditEvent))
_COLUMNS = tuple(getattr(AuditEvent, field.name) for field in fields(AuditRecord))
_OWN_FIELDS: dict[type[Event], tuple[str, ...]] = {}


def _own_fields(kind: type[Event]) -> tuple[str, ...]:
    if kind not in _OWN_FIELDS:
        _OWN_FIELDS[kind] = tuple(field.name for field in fields(kind) if field.name not in _COMMON)
    return _OWN_FIELDS[kind]
