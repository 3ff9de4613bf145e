"""What became of the signals: the ledger that people read, and the dead letters somebody has to look at (rule P12).

A site counts as told only when its delivery was confirmed; a dead letter stays "not confirmed" until it is replayed and
taken. Notices are read and retried elsewhere (``notices``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.outbox import IS_DEAD, IS_WAITING, Delivery, Outbox, OutboxMessage, Queue
from idp.notices.values import MESSAGE_KIND as NOTICE

_SIGNALS = OutboxMessage.kind != NOTICE
_DEAD = IS_DEAD & _SIGNALS
_WAITING = IS_WAITING & _SIGNALS
_LETTER: Final = (
    OutboxMessage.id,
    OutboxMessage.kind,
    OutboxMessage.lane,
    OutboxMessage.attempts,
    OutboxMessage.created_at,
    OutboxMessage.settled_at,
    OutboxMessage.last_error,
    OutboxMessage.about,
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up."""

    id: UUID
    kind: str
    client_id: str
    attempts: int
    created_at: datetime
    given_up_at: datetime | None
    last_error: str | None
    about: UUID | None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """How much was given up for one receiver, and when last."""

    lane: str
    count: int
    last_at: datetime


class Ledger:
    """Reads deliveries, replays dead letters."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock

    def of_sessions(self, session_ids: Sequence[UUID]) -> list[Delivery]:
        """Return what was, or is to be, told about these sessions, oldest first."""
        return self._outbox.deliveries(session_ids) if session_ids else []

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """Return the messages that were given up, latest first."""
        return self.dead_page(None, size=limit)

    def dead_page(
        self, client_id: str | None, *, before: UUID | None = None, after: UUID | None = None, size: int
    ) -> list[DeadLetter]:
        """Return what was given up, of one receiver or of all, latest first: before one of them, or nearest after."""
        at, key = OutboxMessage.settled_at, OutboxMessage.id
        statement = select(*_LETTER).where(_DEAD)
        if client_id is not None:
            statement = statement.where(OutboxMessage.lane == client_id)
        order: tuple[Any, ...] = (at.desc(), key.desc())
        if cursor := after or before:
            other = aliased(OutboxMessage)
            then = select(other.settled_at).where(other.id == cursor).scalar_subquery()
            if after is not None:
                order = (at, key)
                statement = statement.where(at >= then, or_(at > then, key > cursor))
            else:
                statement = statement.where(at <= then, or_(at < then, key < cursor))
        with self._database.searching() as connection:
            rows = connection.execute(statement.order_by(*order).limit(size)).all()
        letters = [DeadLetter(*row) for row in rows]
        return letters if after is None else letters[::-1]

    def count_given_up(self, client_id: str) -> int:
        """Return how many messages to one receiver were given up."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).where(_DEAD, OutboxMessage.lane == client_id)) or 0

    def queues(self, *, most: int, counted_to: int) -> list[Queue]:
        """Return the receivers whose messages have waited longest, and why they wait."""
        return self._outbox.queues(but=NOTICE, most=most, counted_to=counted_to)

    def given_up(self) -> list[GivenUp]:
        """Return, for each receiver with dead letters, how many there are and when the last was given up."""
        statement = (
            select(OutboxMessage.lane, func.count(), func.max(OutboxMessage.settled_at))
            .where(_DEAD)
            .group_by(OutboxMessage.lane)
            .order_by(OutboxMessage.lane)
        )
        with self._database.read() as connection:
            return [GivenUp(lane, count, last_at) for lane, count, last_at in connection.execute(statement) if last_at]

    def counts(self) -> tuple[int, int]:
        """Return how many messages wait, and how many were given up."""
        return self._outbox.counts(_SIGNALS)

    def counts_up_to(self, most: int) -> tuple[int, int]:
        """Return the same as ``counts``, but count no further than ``most``: a page must not wait for millions."""
        some = [select(OutboxMessage.id).where(state).limit(most).subquery() for state in (_WAITING, _DEAD)]
        counted = [select(func.count()).select_from(one).scalar_subquery() for one in some]
        with self._database.read() as connection:
            waiting, dead = connection.execute(select(*counted)).one()
        return waiting, dead

    def settled_since(self, span: timedelta) -> tuple[int, int]:
        """Return how many messages were delivered, and how many given up, in a span of time until now."""
        delivered = func.count(OutboxMessage.delivered_at)
        since = OutboxMessage.settled_at >= self._clock.now() - span
        with self._database.read() as connection:
            good, all_of_them = connection.execute(select(delivered, func.count()).where(since)).one()
        return good, all_of_them - good

    def replay(self, client_id: str) -> int:
        """Let the dead letters of one client be tried again from the first attempt. Returns how many there are."""
        return self._outbox.revive(_SIGNALS, OutboxMessage.lane == client_id)
