"""Writing and reading the audit record (rule A3: inserted in the transaction it records).

The hash of every leaf also goes to the log stream when its transaction has committed (rule A4), so that a row changed
before it was sealed is caught by whoever keeps the logs.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from idp.audit.details import NETWORK, Cipher, Details, committed
from idp.audit.events import Event, own_members
from idp.audit.leaf import commitment, hash_of
from idp.audit.models import AuditDetail, AuditEvent
from idp.audit.records import AuditRecord, reading, record_of
from idp.foundation.clock import Clock
from idp.foundation.conditional_write import ConditionalWrite
from idp.foundation.database import Base, Database
from idp.foundation.entropy import Entropy, first_uuid7
from idp.foundation.logging import get_logger, request_context
from idp.foundation.prepared_statement import PreparedStatement

_BATCH = 1000
_log = get_logger(__name__)


class Audit:
    """Records events in the present transaction."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._listeners: list[Callable[[Event], None]] = []
        self.details = Details(entropy)
        self._counters: list[Callable[[Sequence[Mapping[str, Any]]], None]] = []

    def encrypt_with(self, cipher: Cipher) -> None:
        """Take the keys for personal values; the keyring, which has them, is made after this and records events too."""
        self.details.use(cipher)

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Have a listener called with every event that is recorded by ``record`` or ``record_with``, in its
        transaction: what it writes commits too.

        Not with those whose rows a statement of a hot path inserts itself (``rows``): tokens issued and refreshed, and
        accounts opened. Nothing may depend on hearing of these.
        """
        self._listeners.append(listener)

    def on_commit(self, counter: Callable[[Sequence[Mapping[str, Any]]], None]) -> None:
        """Have something called with the rows of every transaction that has committed, those of ``row`` among them."""
        self._counters.append(counter)

    def record(self, *events: Event) -> None:
        """Insert events; they commit, or vanish, with the transaction under way."""
        made = [self.rows(event) for event in events]
        with self._database.transaction() as connection:
            for table, statement in _INSERTS.items():
                rows = [one[table] for one in made if table in one]
                if len(rows) == 1:
                    statement.rows(connection, rows[0])
                elif rows:
                    connection.execute(insert(table), rows)
            self._recorded(events, [one[AuditEvent] for one in made])

    def record_with(self, write: ConditionalWrite, values: Mapping[str, Any], event: Event) -> bool:
        """Write, and insert the event if that met its row, in one statement where the database can; tell whether it
        did.
        """
        rows = self.rows(event)
        with self._database.transaction():
            is_met = write.run(values, rows)
            if is_met:
                self._recorded([event], [rows[AuditEvent]])
        return is_met

    def _recorded(self, events: Sequence[Event], rows: Sequence[Mapping[str, Any]]) -> None:
        self.announce(rows)
        for event in events:
            for listener in self._listeners:
                listener(event)

    def announce(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Log the leaf hashes of rows, and count them, once the present transaction has committed."""
        leaves = [hash_of(row).hex() for row in rows]

        def committed() -> None:
            _log.info("audit_committed", leaves=leaves)
            for counter in self._counters:
                counter(rows)

        self._database.after_commit(committed)

    def rows(self, event: Event) -> dict[type[Base], dict[str, Any]]:
        """Return the rows of an event, for statements that insert them themselves and then ``announce`` the first; no
        listener hears of it.
        """
        context = request_context.get()
        event_id = self._entropy.uuid7()
        detail, personal = own_members(event)
        if context.network and NETWORK not in detail:
            personal[NETWORK] = context.network
        openings = self.details.openings(personal)
        network = openings.get(NETWORK)
        row = {
            "id": event_id,
            "occurred_at": self._clock.now(),
            "action": event.action,
            "actor": event.actor,
            "account_id": event.account_id,
            "client_id": event.client_id,
            "session_id": event.session_id,
            "reason": event.reason,
            "request_id": context.request_id or None,
            "network_commitment": None if network is None else commitment(*network),
            "detail": detail,
            "commitments": committed(openings) or None,
        }
        if not openings:
            return {AuditEvent: row}
        return {AuditEvent: row, AuditDetail: self.details.row(event_id, openings)}

    def of_account(
        self, account_id: UUID, *, limit: int = 50, actions: Collection[str] = (), since: datetime | None = None
    ) -> Sequence[AuditRecord]:
        """Return the latest events of one account, newest first: all, or those of some actions."""
        statement = reading().where(AuditEvent.account_id == account_id).order_by(AuditEvent.id.desc()).limit(limit)
        if actions:
            statement = statement.where(AuditEvent.action.in_(sorted(actions)))
        if since is not None:
            statement = statement.where(AuditEvent.id >= first_uuid7(since), AuditEvent.occurred_at >= since)
        with self._database.read() as connection:
            return [record_of(row, self.details) for row in connection.execute(statement)]

    def export(self, *, since: datetime | None = None) -> Iterator[AuditRecord]:
        """Yield every event from a time on, oldest first, in batches that hold no long transaction."""
        last: UUID | None = None
        while True:
            statement = reading().order_by(AuditEvent.id).limit(_BATCH)
            if since is not None:
                statement = statement.where(AuditEvent.occurred_at >= since)
            if last is not None:
                statement = statement.where(AuditEvent.id > last)
            with self._database.read() as connection:
                batch = [record_of(row, self.details) for row in connection.execute(statement)]
            yield from batch
            if len(batch) < _BATCH:
                return
            last = batch[-1].id


_INSERTS: dict[type[Base], PreparedStatement] = {
    table: PreparedStatement(insert(table)) for table in (AuditEvent, AuditDetail)
}
