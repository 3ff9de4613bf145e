"""Erasing personal values from the record, and closing those that an older version left in the clear (rule A6).

An account's are those in the events about it, and where it was itself when it acted on others. The leaves stay as
they were, so that the record is as provable as before.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, delete, insert, or_, select, update

from idp.audit.details import NETWORK, Opening
from idp.audit.events import PersonalValuesErased
from idp.audit.models import AuditDetail, AuditEvent, is_uncommon
from idp.audit.service import Audit
from idp.foundation.database import Database

_BATCH: Final = 500


class Erasure:
    """Erases, and encloses."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def erase(self, account_id: UUID, *, actor: str, reason: str) -> int:
        """Erase the personal values of an account, and return in how many events there were some.

        ``reason`` is the legal ground. Call it outside any transaction: afterwards the file holds no trace of them.
        """
        with self._database.erasing() as connection:
            count = self._erase_about(connection, account_id) + self._erase_networks_of(connection, account_id)
            self._audit.record(
                PersonalValuesErased(actor=actor, account_id=account_id, reason=reason[:500], events=count)
            )
        return count

    def _erase_about(self, connection: Connection, account_id: UUID) -> int:
        about = select(AuditEvent.id).where(AuditEvent.account_id == account_id)
        in_clear = or_(AuditEvent.network.is_not(None), AuditEvent.salt.is_not(None))
        emptied = (
            update(AuditEvent).where(AuditEvent.account_id == account_id, in_clear).values(network=None, salt=None)
        )
        deleted = delete(AuditDetail).where(AuditDetail.event_id.in_(about))
        return connection.execute(emptied).rowcount + connection.execute(deleted).rowcount

    def _erase_networks_of(self, connection: Connection, account_id: UUID) -> int:
        """Erase from where an account acted on others, and leave what is theirs."""
        acted = (
            AuditEvent.actor == f"account:{account_id}",
            is_uncommon(),
            AuditEvent.account_id.is_distinct_from(account_id),
        )
        emptied = update(AuditEvent).where(*acted, AuditEvent.network.is_not(None)).values(network=None, salt=None)
        count = connection.execute(emptied).rowcount
        theirs = select(AuditDetail.event_id, AuditDetail.opening).where(
            AuditDetail.network_index.is_not(None),
            AuditDetail.event_id.in_(select(AuditEvent.id).where(*acted)),
        )
        for event_id, ciphertext in connection.execute(theirs).all():
            kept = self._audit.details.readable(event_id, ciphertext)
            others = {place: one for place, one in kept.items() if place != NETWORK}
            connection.execute(delete(AuditDetail).where(AuditDetail.event_id == event_id))
            if others:
                connection.execute(insert(AuditDetail), self._audit.details.row(event_id, others))
            count += 1
        return count

    def enclose(self) -> int:
        """Encrypt a batch of the networks that older events hold in the clear, and return how many that were."""
        statement = (
            select(AuditEvent.id, AuditEvent.network, AuditEvent.salt)
            .where(AuditEvent.network.is_not(None))
            .order_by(AuditEvent.id)
            .limit(_BATCH)
        )
        with self._database.read() as connection:
            found = connection.execute(statement).all()
        if not found:
            return 0
        with self._database.erasing() as connection:
            for event_id, network, salt in found:
                emptying = update(AuditEvent).where(AuditEvent.id == event_id, AuditEvent.network.is_not(None))
                # Whoever empties it first keeps the value, or has erased it.
                if connection.execute(emptying.values(network=None, salt=None)).rowcount:
                    connection.execute(insert(AuditDetail), self._row(event_id, str(network), salt))
        return len(found)

    def _row(self, event_id: UUID, network: str, salt: bytes | None) -> Mapping[str, Any]:
        # The first events had no commitment; an empty salt opens none.
        return self._audit.details.row(event_id, {NETWORK: Opening(salt or b"", network)})
