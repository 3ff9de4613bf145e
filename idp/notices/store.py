"""Every statement about notices; a page of them is one query."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, select

from idp.foundation.database import Database
from idp.foundation.keyset import rows_of_page
from idp.foundation.outbox import IS_DEAD, IS_WAITING, OutboxMessage
from idp.notices.models import Notice
from idp.notices.values import MESSAGE_KIND, MessageFilter, StoredNotice

OURS: Final = OutboxMessage.kind == MESSAGE_KIND
_STATES: Final[dict[str, ColumnElement[bool]]] = {
    "waiting": IS_WAITING & (OutboxMessage.attempts == 0),
    "retrying": IS_WAITING & (OutboxMessage.attempts > 0),
    "delivered": OutboxMessage.delivered_at.is_not(None),
    "dead": IS_DEAD,
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
_LINES: Final = select(*_LINE).join(OutboxMessage, (OutboxMessage.about == Notice.id) & OURS)


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
