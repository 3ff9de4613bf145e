"""Counting failures, in the database so that every node sees them, and saying when the next try is allowed (ASVS
6.3.1).

A try is charged before it is made and taken back when it succeeds, so that many at once get no more tries than one
after the other: the row of a counter decides, and its next allowed time is on it. Keys are keyed digests made by the
caller; nothing here knows what is being tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Index, Integer, bindparam, case, delete, false, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped

from idp.foundation.clock import Clock
from idp.foundation.columns import Digest, Instant, plain, secret
from idp.foundation.database import Base, Database
from idp.foundation.prepared_statement import PreparedStatement

_NO_DELAY = timedelta(0)
_MOST_REMEMBERED = 10_000
_UNBOUNDED = 2**31 - 1


class ThrottleCounter(Base):
    """Failures in a row under one key. Until ``next_allowed_at`` nothing is tried; after ``expires_at`` all is
    forgotten. What was spent once is a row without failures.
    """

    __tablename__ = "throttle_counter"
    __table_args__ = (Index("ix_throttle_expiry", "expires_at"),)

    key: Mapped[bytes] = secret(Digest, primary_key=True)
    failures: Mapped[int] = plain(Integer, nullable=False)
    next_allowed_at: Mapped[datetime] = plain(Instant, nullable=False)
    updated_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)


@dataclass(frozen=True, slots=True)
class Limit:
    """When a counter slows down and when it locks.

    From ``slow_after`` failures on, the wait doubles from 2 s to ``longest_delay``; from ``lock_after`` on it is
    ``lock``. None switches either off: a counter with neither only counts. A ``is_shared`` counter belongs to many
    people, so that one success takes back its own charge and no more.
    """

    slow_after: int | None = None
    lock_after: int | None = None
    lock: timedelta = timedelta(minutes=15)
    longest_delay: timedelta = timedelta(minutes=1)
    remembers: timedelta = timedelta(days=1)
    is_shared: bool = False

    def delay_after(self, failures: int) -> timedelta:
        """Return how long to wait after this many failures."""
        if self.lock_after is not None and failures >= self.lock_after:
            return self.lock
        if self.slow_after is not None and failures >= self.slow_after:
            return min(timedelta(seconds=2 ** min(failures - self.slow_after + 1, 30)), self.longest_delay)
        return _NO_DELAY


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter to charge: a 32-byte key and the limit that holds for it."""

    key: bytes
    limit: Limit


@dataclass(frozen=True, slots=True)
class Charged:
    """The try may be made. ``failures`` are the counts in the order asked, this try among them."""

    failures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """No try before ``until``. ``is_lock`` says that the wait is a lock, long enough to tell the end of."""

    until: datetime
    is_lock: bool


class Throttle:
    """The counters of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: dict[bytes, Refused] = {}

    def charge(self, counters: Sequence[Counter]) -> Charged | Refused:
        """Charge a try to every counter, or to none when one of them refuses. Commits on its own unless in a
        transaction.
        """
        now = self._clock.now()
        known = self._known_to_wait(counters, now)
        if known is not None:
            return known
        with self._database.transaction() as connection:
            counts = self._add(connection, counters, now)
            if len(counts) < len(counters):
                _take_back(connection, list(counts), now)
                return self._refusal(connection, counters, now)
            for counter in counters:
                if delay := counter.limit.delay_after(counts[counter.key]):
                    connection.execute(_DELAY, {"of": counter.key, "until": now + delay})
        return Charged(tuple(counts[counter.key] for counter in counters))

    def succeeded(self, counters: Sequence[Counter]) -> None:
        """Forget the failures of every counter; of shared ones only the charge of the try that succeeded."""
        statement = _forgiveness(tuple(counter.limit.is_shared for counter in counters))
        values = {f"key_{number}": counter.key for number, counter in enumerate(counters)}
        with self._database.transaction() as connection:
            statement.count(connection, values | {"free": self._clock.now()})

    def lift(self, counters: Sequence[Counter]) -> None:
        """End the slow-downs of these counters, but no lock; the caller charges its try in the same transaction."""
        now = self._clock.now()
        with self._database.transaction() as connection:
            for counter in sorted(counters, key=lambda counter: counter.key):
                self._waiting.pop(counter.key, None)
                most = counter.limit.lock_after or _UNBOUNDED
                connection.execute(_LIFT, {"of": counter.key, "now": now, "most": most})

    def spend(self, key: bytes, until: datetime) -> bool:
        """Use something up that is worth nothing ``until`` then; tell whether this was the first use."""
        values = {"key": key, "failures": 0, "next_allowed_at": until, "updated_at": until, "expires_at": until}
        return self._database.insert_if_new(ThrottleCounter, values)

    def purge(self, limit: int = 1000) -> int:
        """Delete up to ``limit`` counters whose time is over, and return how many there were."""
        expired = select(ThrottleCounter.key).where(ThrottleCounter.expires_at <= self._clock.now()).limit(limit)
        with self._database.transaction() as connection:
            return connection.execute(
                delete(ThrottleCounter).where(ThrottleCounter.key.in_(expired.scalar_subquery()))
            ).rowcount

    def _known_to_wait(self, counters: Sequence[Counter], now: datetime) -> Refused | None:
        """Return a refusal from memory, so that a flood of refused tries never reaches the database.

        Nothing can succeed under a key that waits, so what is remembered of one stays true until its time is over.
        """
        waits = [known for counter in counters if (known := self._waiting.get(counter.key)) and known.until > now]
        return max(waits, key=lambda known: known.until, default=None)

    def _refusal(self, connection: Connection, counters: Sequence[Counter], now: datetime) -> Refused:
        """Return until when the strictest of the counters waits, and remember it."""
        limits = {counter.key: counter.limit for counter in counters}
        columns = (ThrottleCounter.key, ThrottleCounter.failures, ThrottleCounter.next_allowed_at)
        is_waiting = (ThrottleCounter.next_allowed_at > now) & (ThrottleCounter.expires_at > now)
        rows = connection.execute(select(*columns).where(ThrottleCounter.key.in_(sorted(limits)), is_waiting)).all()
        if len(self._waiting) >= _MOST_REMEMBERED:
            self._waiting.clear()
        for row in rows:
            lock_after = limits[row.key].lock_after
            is_lock = lock_after is not None and row.failures >= lock_after
            self._waiting[row.key] = Refused(row.next_allowed_at, is_lock)
        # Whoever waited a moment ago and waits no more may come again at once.
        return self._known_to_wait(counters, now) or Refused(now + timedelta(seconds=1), is_lock=False)

    def _add(self, connection: Connection, counters: Sequence[Counter], now: datetime) -> dict[bytes, int]:
        """Add one to every counter that is not waiting. Keys go in one order everywhere, so that two tries cannot
        deadlock.
        """
        values: dict[str, Any] = {"now": now}
        for number, counter in enumerate(sorted(counters, key=lambda counter: counter.key)):
            values[f"key_{number}"] = counter.key
            values[f"until_{number}"] = now + max(counter.limit.remembers, counter.limit.lock)
        rows = _charge(self._database.dialect, len(counters)).rows(connection, values)
        return {row.key: row.failures for row in rows}


@cache
def _charge(dialect: str, number: int) -> PreparedStatement:
    """Return the statement that adds one to so many counters."""
    statement: Any = {"sqlite": sqlite, "postgresql": postgresql}[dialect].insert(ThrottleCounter)
    now = bindparam("now", type_=Instant)
    statement = statement.values(
        [
            {
                "key": bindparam(f"key_{place}", type_=Digest),
                "failures": 1,
                "next_allowed_at": now,
                "updated_at": now,
                "expires_at": bindparam(f"until_{place}", type_=Instant),
            }
            for place in range(number)
        ]
    )
    new = statement.excluded
    is_over = ThrottleCounter.expires_at <= new.updated_at
    statement = statement.on_conflict_do_update(
        index_elements=[ThrottleCounter.key],
        set_={
            "failures": case((is_over, 1), else_=ThrottleCounter.failures + 1),
            "next_allowed_at": new.next_allowed_at,
            "updated_at": new.updated_at,
            "expires_at": new.expires_at,
        },
        where=or_(ThrottleCounter.next_allowed_at <= new.updated_at, is_over),
    )
    return PreparedStatement(statement.returning(ThrottleCounter.key, ThrottleCounter.failures))


@cache
def _forgiveness(are_shared: tuple[bool, ...]) -> PreparedStatement:
    """Return the statement that forgives counters of these kinds."""
    keys = [bindparam(f"key_{number}", type_=Digest) for number in range(len(are_shared))]
    own = [key for key, is_shared in zip(keys, are_shared, strict=True) if not is_shared]
    is_own = ThrottleCounter.key.in_(own) if own else false()
    return PreparedStatement(
        update(ThrottleCounter)
        .where(ThrottleCounter.key.in_(keys), ThrottleCounter.failures > 0)
        .values(
            failures=case((is_own, 0), else_=ThrottleCounter.failures - 1),
            next_allowed_at=case((is_own, bindparam("free", type_=Instant)), else_=ThrottleCounter.next_allowed_at),
        )
    )


_DELAY = (
    update(ThrottleCounter).where(ThrottleCounter.key == bindparam("of")).values(next_allowed_at=bindparam("until"))
)
_LIFT = (
    update(ThrottleCounter)
    .where(
        ThrottleCounter.key == bindparam("of"),
        ThrottleCounter.next_allowed_at > bindparam("now"),
        ThrottleCounter.failures < bindparam("most"),
    )
    .values(next_allowed_at=bindparam("now"))
)


def _take_back(connection: Connection, keys: list[bytes], now: datetime) -> None:
    if keys:
        statement = update(ThrottleCounter).where(ThrottleCounter.key.in_(keys))
        connection.execute(statement.values(failures=func.coalesce(ThrottleCounter.failures, 1) - 1, updated_at=now))
