"""Lanes of the outbox whose messages wait for their receiver: those that are fetched (RFC 8936), and those on pause.

A held message is due never; the worker, which takes a lane's first message only, then leaves the whole lane alone.
Whoever holds or releases a lane does so in the transaction that changes the reason for it.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, update

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.outbox import HELD, Message, OutboxMessage

_WAITING = OutboxMessage.settled_at.is_(None)
_MESSAGE = (
    OutboxMessage.id,
    OutboxMessage.kind,
    OutboxMessage.lane,
    OutboxMessage.payload,
    OutboxMessage.attempts,
    OutboxMessage.created_at,
)


class HeldLanes:
    """Holds, shows, acknowledges, releases and empties lanes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def hold(self, lane: str) -> None:
        """Let everything in a lane wait until it is fetched or released."""
        held = {"due_at": HELD, "leased_until": None, "attempts": 0}
        with self._database.transaction() as connection:
            connection.execute(update(OutboxMessage).where(OutboxMessage.lane == lane, _WAITING).values(**held))

    def release(self, lane: str) -> None:
        """Let the worker deliver a lane again, at once and from the first attempt."""
        due = {"due_at": self._clock.now(), "attempts": 0}
        with self._database.transaction() as connection:
            connection.execute(
                update(OutboxMessage)
                .where(OutboxMessage.lane == lane, _WAITING, OutboxMessage.due_at == HELD)
                .values(**due)
            )

    def waiting(self, lane: str, limit: int) -> list[Message]:
        """Return the first messages of a lane, in order, without taking them."""
        statement = (
            select(*_MESSAGE).where(OutboxMessage.lane == lane, _WAITING).order_by(OutboxMessage.id).limit(limit)
        )
        with self._database.read() as connection:
            return [Message(*row) for row in connection.execute(statement)]

    def count(self, lane: str) -> int:
        """Return how many messages of a lane wait."""
        statement = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.lane == lane, _WAITING)
        with self._database.read() as connection:
            return connection.scalar(statement) or 0

    def settle(self, lane: str, about: Sequence[UUID], error: str | None = None) -> int:
        """Note what the receiver said of messages: taken, or refused for a reason. Returns how many still waited."""
        now = self._clock.now()
        values = {"settled_at": now, "delivered_at": None if error else now, "last_error": error and error[:200]}
        with self._database.transaction() as connection:
            return connection.execute(
                update(OutboxMessage)
                .where(OutboxMessage.lane == lane, _WAITING, OutboxMessage.about.in_(about))
                .values(**values, attempts=OutboxMessage.attempts + 1)
            ).rowcount

    def drop(self, lane: str) -> None:
        """Forget what waits in a lane: its receiver wants none of it."""
        with self._database.transaction() as connection:
            connection.execute(delete(OutboxMessage).where(OutboxMessage.lane == lane, _WAITING))
