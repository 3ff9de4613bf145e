"""The transactional outbox: what must be told to others is a row written in the transaction that makes it true.

A worker claims rows by lease, lane by lane (a lane is one destination; its messages go out in order), so a worker that
dies loses nothing: its lease runs out and the message is delivered again. The rows stay as the ledger of deliveries
that people read.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Index,
    Insert,
    Integer,
    Row,
    ScalarSelect,
    String,
    and_,
    bindparam,
    column,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import InstrumentedAttribute, Mapped, aliased

from idp.foundation.clock import Clock
from idp.foundation.columns import Instant, JSONText, UUIDType, plain
from idp.foundation.database import Base, Database
from idp.foundation.entropy import Entropy
from idp.foundation.lease import LEASE, is_free

MOST_ATTEMPTS = 12
_LONGEST_DELAY = timedelta(hours=1)
HELD = datetime(9999, 12, 31, tzinfo=UTC)
"""When a message is due that waits for its receiver to come (``held_lanes``)."""
_WAITING = text("settled_at IS NULL")
_SETTLED = text("settled_at IS NOT NULL")
_DEAD = text("settled_at IS NOT NULL AND delivered_at IS NULL")


class OutboxMessage(Base):
    """One message to one destination. It waits until ``settled_at``; one given up has no ``delivered_at``."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_waiting", "lane", "id", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_outbox_about", "about"),
        Index("ix_outbox_settled", "settled_at", postgresql_where=_SETTLED, sqlite_where=_SETTLED),
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


class NewMessage(NamedTuple):
    """What is to be told. ``about`` names the row it tells of, so that its deliveries can be listed."""

    kind: str
    lane: str
    payload: dict[str, Any]
    about: UUID | None = None


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


IS_WAITING: Final = OutboxMessage.settled_at.is_(None)
IS_DEAD: Final = OutboxMessage.settled_at.is_not(None) & OutboxMessage.delivered_at.is_(None)


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


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in a lane: how much, counted up to a limit, and how its first message fares, which the others follow.

    ``next_try`` is None where the receiver comes for them (``held_lanes``).
    """

    lane: str
    waiting: int
    since: datetime
    attempts: int
    next_try: datetime | None
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

    def enqueue(self, *messages: NewMessage) -> None:
        """Add messages in the present transaction."""
        if not messages:
            return
        rows = [{"id": self._next_id()} | message._asdict() for message in messages]
        now = self._clock.now()
        with self._database.transaction() as connection:
            if len(rows) > 1 and self._database.dialect == "postgresql":
                connection.execute(_INSERT_MANY, {"rows": rows, "now": now})
            else:
                connection.execute(insert(OutboxMessage), [row | {"created_at": now, "due_at": now} for row in rows])

    def waiting_lanes(self, limit: int = 100, *, without: Sequence[str] = ()) -> list[str]:
        """Return the lanes whose first waiting message is due and not leased, but those that begin with one of
        ``without``. Costs as many steps in an index as there are lanes, however many messages wait in them.
        """
        now = self._clock.now()
        lanes = _lanes()
        statement = (
            select(OutboxMessage.lane)
            .join(lanes, OutboxMessage.id == _first_of(lanes, OutboxMessage.id))
            .where(_is_due(now), is_free(OutboxMessage.leased_until, now))
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
                _is_due(now),
                is_free(OutboxMessage.leased_until, now),
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
            values["due_at"] = now + min(timedelta(seconds=2 ** (message.attempts - 1)), _LONGEST_DELAY)
        with self._database.transaction() as connection:
            connection.execute(update(OutboxMessage).where(OutboxMessage.id == message.id).values(**values))

    def revive(self, *which: ColumnElement[bool]) -> int:
        """Let those that were given up be tried again from the first attempt. Returns how many there were."""
        again = {"settled_at": None, "leased_until": None, "attempts": 0, "due_at": self._clock.now()}
        with self._database.transaction() as connection:
            return connection.execute(update(OutboxMessage).where(IS_DEAD, *which).values(**again)).rowcount

    def counts(self, *which: ColumnElement[bool]) -> tuple[int, int]:
        """Return how many messages wait, and how many were given up."""
        count = select(func.count()).select_from(OutboxMessage).where(*which)
        with self._database.read() as connection:
            return connection.scalar(count.where(IS_WAITING)) or 0, connection.scalar(count.where(IS_DEAD)) or 0

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
                state_of(row),
                row.attempts,
                row.created_at,
                row.delivered_at,
                row.last_error,
            )
            for row in rows
        ]

    def oldest_waiting_seconds(self, *, but: str = "") -> float:
        """Return the age of the oldest message, ``but`` those of a kind, that is still waiting for us, 0 if none."""
        lanes = _lanes()
        counted = OutboxMessage.due_at < HELD, OutboxMessage.kind != but
        # Within a lane the first is the oldest.
        first = select(_first_of(lanes, OutboxMessage.created_at, *counted).label("created_at")).select_from(lanes)
        with self._database.read() as connection:
            oldest = connection.scalar(select(func.min(first.subquery().c.created_at)))
        return 0.0 if oldest is None else max((self._clock.now() - oldest).total_seconds(), 0.0)

    def queues(self, *, but: str, most: int, counted_to: int) -> list[Queue]:
        """Return the lanes that have waited longest, those but of a kind. One statement: a step in an index for each
        lane, and one for each message that is counted.
        """
        lanes, first = _lanes(), OutboxMessage
        heads = (
            select(first.lane, first.created_at, first.attempts, first.due_at, first.last_error)
            .join(lanes, first.id == _first_of(lanes, first.id))
            .where(first.kind != but)
            .order_by(first.created_at, first.lane)
            .limit(most)
            .subquery("heads")
        )
        waiting = aliased(OutboxMessage)
        some = (
            select(waiting.id)
            .where(waiting.lane == heads.c.lane, waiting.settled_at.is_(None))
            .limit(counted_to)
            .correlate(heads)
            .subquery("some")
        )
        number = select(func.count()).select_from(some).correlate(heads).scalar_subquery()
        columns = heads.c.lane, number, heads.c.created_at, heads.c.attempts, heads.c.due_at, heads.c.last_error
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).order_by(heads.c.created_at, heads.c.lane)).all()
        return [Queue(*row[:4], None if row[4] == HELD else row[4], row[5]) for row in rows]


def _insert_many() -> Insert:
    """Return the INSERT of any number of messages by one statement, from one value, for PostgreSQL: as many statements
    would cost both sides three times as much.
    """
    table = OutboxMessage.__table__
    names = ("id", "kind", "lane", "payload", "about")
    now = bindparam("now", type_=Instant)
    sent = (
        func.json_to_recordset(bindparam("rows", type_=postgresql.JSON()))
        .table_valued(*(column(name, table.columns[name].type) for name in names))
        .render_derived(with_types=True)
    )
    row = (*(sent.c[name] for name in names), now, now)
    return insert(OutboxMessage).from_select((*names, "created_at", "due_at"), select(*row))


def _lanes() -> CTE:
    """Return the lanes in which something waits, each found by one step in an index from the one before."""
    first = select(func.min(OutboxMessage.lane).label("lane")).where(OutboxMessage.settled_at.is_(None))
    lanes = first.cte("lanes", recursive=True)
    following = first.where(OutboxMessage.lane > lanes.c.lane).scalar_subquery()
    return lanes.union_all(select(following).where(lanes.c.lane.is_not(None)))


def _first_of(lanes: CTE, wanted: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Return a column of the first waiting message of each lane, among those that meet the conditions."""
    return (
        select(wanted)
        .where(OutboxMessage.lane == lanes.c.lane, OutboxMessage.settled_at.is_(None), *conditions)
        .order_by(OutboxMessage.id)
        .limit(1)
        .correlate(lanes)
        .scalar_subquery()
    )


_INSERT_MANY: Final = _insert_many()


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a message waits for nothing but us.

    One that nobody has tried is due since it was written, and no retry waits longer than the longest delay: what seems
    to was written under a clock that has since been set back.
    """
    due = OutboxMessage.due_at
    is_untried = OutboxMessage.attempts == 0
    return or_(due <= now, and_(due < HELD, or_(is_untried, due > now + _LONGEST_DELAY)))


def state_of(row: Row[*tuple[Any, ...]]) -> str:
    """Return waiting, retrying, delivered or dead."""
    if row.delivered_at is not None:
        return "delivered"
    if row.settled_at is not None:
        return "dead"
    return "retrying" if row.attempts else "waiting"
