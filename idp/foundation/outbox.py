"""The transactional outbox: what must be told to others is a row written in the transaction that makes it true.

A worker claims rows by lease, lane by lane (a lane is one destination; its messages go out in order), so a worker that
dies loses nothing: its lease runs out and the message is delivered again. The rows stay as the ledger of deliveries
that people read.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Index, Integer, String, exists, func, insert, or_, select, text, update
from sqlalchemy.orm import Mapped, aliased

from idp.foundation.clock import Clock
from idp.foundation.columns import Instant, JSONText, UUIDType, plain
from idp.foundation.database import Base, Database
from idp.foundation.entropy import Entropy

LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 12
_LONGEST_DELAY = 3600
HELD = datetime(9999, 12, 31, tzinfo=UTC)
"""When a message is due that waits for its receiver to come (``held_lanes``)."""
_WAITING = text("settled_at IS NULL")
_DEAD = text("settled_at IS NOT NULL AND delivered_at IS NULL")


class OutboxMessage(Base):
    """One message to one destination. ``delivered_at`` and ``dead_at`` are its two ends; until then it waits."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_waiting", "lane", "id", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_outbox_about", "about"),
        Index("ix_outbox_settled", "settled_at"),
        Index("ix_outbox_given_up", "settled_at", postgresql_where=_DEAD, sqlite_where=_DEAD),
        Index("ix_outbox_dead", "lane", "settled_at", postgresql_where=_DEAD, sqlite_where=_DEAD),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    kind: Mapped[str] = plain(String(40), nullable=False)
    lane: Mapped[str] = plain(String(255), nullable=False)
    about: Mapped[UUID | None] = plain(UUIDType)
    payload: Mapped[dict[str, Any]] = plain(JSONText, nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    due_at: Mapped[datetime] = plain(Instant, nullable=False)
    leased_until: Mapped[datetime | None] = plain(Instant)
    attempts: Mapped[int] = plain(Integer, nullable=False, default=0)
    delivered_at: Mapped[datetime | None] = plain(Instant)
    settled_at: Mapped[datetime | None] = plain(Instant)
    last_error: Mapped[str | None] = plain(String(200))


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its deliverer sees it. ``attempts`` counts this one too."""

    id: UUID
    kind: str
    lane: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended. ``error`` is for the ledger and names no secret.

    ``held`` is a message that was put back to wait for its receiver, and needs no settling.
    """

    result: Literal["delivered", "retry", "hopeless", "held"]
    error: str | None = None


DELIVERED: Final = Attempt("delivered")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of the ledger: ``state`` is waiting, retrying, delivered or dead."""

    lane: str
    kind: str
    state: str
    attempts: int
    created_at: datetime
    delivered_at: datetime | None
    last_error: str | None


class Outbox:
    """Writes messages in the present transaction, and hands them to workers."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._lock = threading.Lock()
        self._last = UUID(int=0)

    def _next_id(self) -> UUID:
        """Return an id after all earlier ones of this process: messages of one millisecond keep their order."""
        with self._lock:
            fresh = self._entropy.uuid7()
            self._last = fresh if fresh > self._last else UUID(int=self._last.int + 1)
            return self._last

    def enqueue(self, kind: str, lane: str, payload: dict[str, Any], *, about: UUID | None = None) -> None:
        """Add a message in the present transaction. ``about`` names the row it tells of, so that its deliveries can be
        listed.
        """
        self.enqueue_all([(kind, lane, payload, about)])

    def enqueue_all(self, messages: Sequence[tuple[str, str, dict[str, Any], UUID | None]]) -> None:
        """Add (kind, lane, payload, about) messages in the present transaction."""
        if not messages:
            return
        now = self._clock.now()
        rows = [
            {
                "id": self._next_id(),
                "kind": kind,
                "lane": lane,
                "payload": payload,
                "about": about,
                "created_at": now,
                "due_at": now,
            }
            for kind, lane, payload, about in messages
        ]
        with self._database.transaction() as connection:
            connection.execute(insert(OutboxMessage), rows)

    def waiting_lanes(self, limit: int = 100, *, without: Sequence[str] = ()) -> list[str]:
        """Return the lanes whose first waiting message is due and not leased, but those that begin with one of
        ``without``.
        """
        now = self._clock.now()
        earlier = aliased(OutboxMessage)
        is_first = ~exists().where(
            earlier.lane == OutboxMessage.lane, earlier.settled_at.is_(None), earlier.id < OutboxMessage.id
        )
        statement = (
            select(OutboxMessage.lane)
            .where(OutboxMessage.settled_at.is_(None), OutboxMessage.due_at <= now, _unleased(now), is_first)
            .where(*(~OutboxMessage.lane.startswith(prefix, autoescape=True) for prefix in without))
            .order_by(OutboxMessage.due_at)
            .limit(limit)
        )
        with self._database.read() as connection:
            return list(connection.scalars(statement))

    def claim(self, lane: str) -> Message | None:
        """Lease the first waiting message of a lane for 30 s, or return None. Two workers never hold the same one."""
        now = self._clock.now()
        head = (
            select(OutboxMessage.id)
            .where(OutboxMessage.lane == lane, OutboxMessage.settled_at.is_(None))
            .order_by(OutboxMessage.id)
            .limit(1)
        )
        statement = (
            update(OutboxMessage)
            .where(
                OutboxMessage.id == head.scalar_subquery(),
                OutboxMessage.due_at <= now,
                _unleased(now),
                OutboxMessage.settled_at.is_(None),
            )
            .values(leased_until=now + LEASE, attempts=OutboxMessage.attempts + 1)
            .returning(
                OutboxMessage.id,
                OutboxMessage.kind,
                OutboxMessage.lane,
                OutboxMessage.payload,
                OutboxMessage.attempts,
                OutboxMessage.created_at,
            )
        )
        with self._database.transaction() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Message(*row)

    def settle(self, message: Message, error: str | None) -> None:
        """Record how an attempt ended: None is delivered; an error is retried with growing delay, at last put among the
        dead.
        """
        now = self._clock.now()
        values: dict[str, Any] = {"leased_until": None, "last_error": error and error[:200]}
        if error is None:
            values |= {"delivered_at": now, "settled_at": now}
        elif message.attempts >= MOST_ATTEMPTS:
            values["settled_at"] = now
        else:
            values["due_at"] = now + timedelta(seconds=min(2 ** (message.attempts - 1), _LONGEST_DELAY))
        with self._database.transaction() as connection:
            connection.execute(update(OutboxMessage).where(OutboxMessage.id == message.id).values(**values))

    def deliveries(self, about: Sequence[UUID]) -> list[Delivery]:
        """Return the ledger of all messages about these rows, oldest first."""
        columns = (
            OutboxMessage.lane,
            OutboxMessage.kind,
            OutboxMessage.attempts,
            OutboxMessage.created_at,
            OutboxMessage.delivered_at,
            OutboxMessage.settled_at,
            OutboxMessage.last_error,
        )
        with self._database.read() as connection:
            rows = connection.execute(
                select(*columns).where(OutboxMessage.about.in_(about)).order_by(OutboxMessage.id)
            ).all()
        return [
            Delivery(
                row.lane,
                row.kind,
                _state(row.attempts, row.delivered_at, row.settled_at),
                row.attempts,
                row.created_at,
                row.delivered_at,
                row.last_error,
            )
            for row in rows
        ]

    def oldest_waiting_seconds(self, *, but: str = "") -> float:
        """Return the age of the oldest message, ``but`` those of a kind, that is still waiting for us, 0 if none."""
        with self._database.read() as connection:
            oldest = connection.scalar(
                select(func.min(OutboxMessage.created_at)).where(
                    OutboxMessage.settled_at.is_(None), OutboxMessage.due_at < HELD, OutboxMessage.kind != but
                )
            )
        return 0.0 if oldest is None else max((self._clock.now() - oldest).total_seconds(), 0.0)


def _unleased(now: datetime) -> ColumnElement[bool]:
    return or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until < now)


def _state(attempts: int, delivered_at: datetime | None, settled_at: datetime | None) -> str:
    if delivered_at is not None:
        return "delivered"
    if settled_at is not None:
        return "dead"
    return "retrying" if attempts else "waiting"
