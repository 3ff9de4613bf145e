"""Every statement about notices: a page of them is one query, and a notice is retried by one conditional UPDATE."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, select, update

from idp.foundation.database import Database
from idp.foundation.keyset import rows_of_page
from idp.foundation.outbox import OutboxMessage
from idp.notices.models import Notice
from idp.notices.values import MESSAGE_KIND, MessageFilter, StoredNotice

_OURS: Final = OutboxMessage.kind == MESSAGE_KIND
_IS_DEAD: Final = OutboxMessage.settled_at.is_not(None) & OutboxMessage.delivered_at.is_(None)
_STATES: Final[dict[str, ColumnElement[bool]]] = {
    "waiting": OutboxMessage.settled_at.is_(None) & (OutboxMessage.attempts == 0),
    "retrying": OutboxMessage.settled_at.is_(None) & (OutboxMessage.attempts > 0),
    "delivered": OutboxMessage.delivered_at.is_not(None),
    "dead": _IS_DEAD,
}
_LINE: Final = (
    Notice.id,
    Notice.channel,
    Notice.template,
    Notice.address,
    Notice.client_id,
    Notice.created_at,
    OutboxMessage.attempts,
    OutboxMessage.delivered_at,
    OutboxMessage.settled_at,
    OutboxMessage.due_at,
    OutboxMessage.last_error,
)
_LINES: Final = select(*_LINE).join(OutboxMessage, (OutboxMessage.about == Notice.id) & _OURS)


class NoticeStore:
    """Reads and writes rows; joins the transaction under way."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, rows: Sequence[dict[str, Any]]) -> None:
        with self._database.transaction() as connection:
            connection.execute(insert(Notice), rows)

    def find(self, notice_id: UUID) -> StoredNotice | None:
        statement = select(
            Notice.id, Notice.template, Notice.address, Notice.locale, Notice.details, Notice.created_at
        ).where(Notice.id == notice_id)
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else StoredNotice(*row)

    def page(
        self, wanted: MessageFilter, *, before: UUID | None, after: UUID | None, size: int
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Return the columns of ``_LINE`` of the notices that a filter chooses, latest first."""
        statement = _LINES
        if wanted.channel is not None:
            statement = statement.where(Notice.channel == wanted.channel)
        if wanted.template is not None:
            statement = statement.where(Notice.template == wanted.template)
        if wanted.state is not None:
            statement = statement.where(_STATES[wanted.state])
        with self._database.read() as connection:
            return rows_of_page(connection, statement, Notice.id, before=before, after=after, size=size)  # type: ignore[arg-type] # mapped as UUID

    def one(self, notice_id: UUID) -> Row[*tuple[Any, ...]] | None:
        """Return the same columns of one notice."""
        with self._database.read() as connection:
            return connection.execute(_LINES.where(Notice.id == notice_id)).one_or_none()

    def counts(self) -> tuple[int, int]:
        """Return how many notices wait, and how many were given up."""
        count = select(func.count()).select_from(OutboxMessage)
        with self._database.read() as connection:
            waiting = connection.scalar(count.where(OutboxMessage.settled_at.is_(None), _OURS)) or 0
            dead = connection.scalar(count.where(_IS_DEAD, _OURS)) or 0
        return waiting, dead

    def retry(self, notice_id: UUID, now: datetime) -> bool:
        """Let a notice that was given up be tried again from the first attempt; tell whether it was."""
        again = {"settled_at": None, "leased_until": None, "attempts": 0, "due_at": now}
        statement = update(OutboxMessage).where(OutboxMessage.about == notice_id, _OURS, _IS_DEAD).values(**again)
        with self._database.transaction() as connection:
            return connection.execute(statement).rowcount > 0
