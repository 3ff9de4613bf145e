"""Is this node fit to serve? (rules P12 and O5.) Database, migrations, clock, worker, outbox, each with an answer in
words.

``unready`` takes the node out of the balancer: it would answer wrongly. ``degraded`` leaves it in: it answers well, but
departments may not be told in time, which no other node could do better.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.outbox import Outbox
from idp.foundation.translation import marked
from idp.notices.values import MESSAGE_KIND as NOTICE
from idp.signals.heartbeat import LONGEST_SILENCE, Heartbeats

State = Literal["ok", "degraded", "failed"]
Status = Literal["ready", "degraded", "unready"]
Finding = tuple[State, str, Mapping[str, object]]

LONGEST_WAIT = timedelta(seconds=60)
LARGEST_DRIFT = timedelta(seconds=2)
OLDEST_LISTS = timedelta(seconds=15)
_REFUSED: Final = marked("the database refused the question (%(error)s)")
_SILENT: Final = marked("the database does not answer")
_ANSWERS: Final = marked("%(database)s answers")
_IS_READ_ONLY: Final = text("SELECT current_setting('transaction_read_only')")
_TAKES_NO_WRITES: Final = marked("the database takes no writes (read-only)")
_NO_MIGRATIONS: Final = marked("this version has no migrations")
_NO_TABLES: Final = marked("the database has no tables of this service yet; run: idp db upgrade")
_BEHIND: Final = marked("revision %(applied)s is applied, this version needs %(needed)s; run: idp db upgrade")
_APPLIED: Final = marked("revision %(applied)s is applied")
_NEWER: Final = marked("revision %(applied)s is newer than this version")
_SAME_CLOCK: Final = marked("the database runs on this machine's clock")
_DRIFT: Final = marked("%(seconds)s s from the database's clock")
_NO_WORKER: Final = marked("no worker is running; start one with: idp worker")
_WORKER_SEEN: Final = marked("a worker was last seen %(seconds)s s ago")
_OLDEST: Final = marked("the oldest undelivered message is %(seconds)s s old")
_KEYS_HERE: Final = marked("the keys that sign now are on this node")
_KEY_MISSING: Final = marked("the key that signs %(algorithms)s now is not on this node; idp doctor says which file")
_LISTS: Final = marked("the lists in memory, of blocks and banners, were read %(seconds)s s ago")
_REVISION = re.compile(r"^(down_)?revision\b[^=\n]*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``message`` is for operators, translatable, with ``values`` in its places."""

    name: str
    state: State
    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """The message in English, for logs and commands."""
        return self.message % self.values if self.values else self.message


@dataclass(frozen=True, slots=True)
class Readiness:
    """The whole picture. Only ``status`` is for the public."""

    checks: tuple[Check, ...]

    @property
    def status(self) -> Status:
        states = {check.state for check in self.checks}
        if "failed" in states:
            return "unready"
        return "degraded" if "degraded" in states else "ready"


class ReadinessProbe:
    """Looks at everything a node needs. Never raises."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._heartbeats = Heartbeats(database, clock)
        # What only a node that serves has: the address for operators is of another process, without keys.
        self.lists_age: Callable[[], float | None] = lambda: None
        self.cannot_sign: Callable[[], tuple[str, ...]] | None = None

    def look(self) -> Readiness:
        """Return the present state; a database that does not answer is asked one question only, and given little time
        for each, because whoever asks has little patience.
        """
        if self._database.is_silent:
            return Readiness((Check("database", "failed", _SILENT),))
        try:
            with self._database.glancing():
                return self._look()
        except SQLAlchemyError as error:
            return Readiness((Check("database", "failed", _REFUSED, {"error": type(error).__name__}),))

    def _look(self) -> Readiness:
        reachable = self._check("database", self._database_answers)
        if reachable.state == "failed":
            return Readiness((reachable,))
        migrated = self._check("migrations", self._migrations_are_applied)
        if migrated.state == "failed":
            return Readiness((reachable, migrated))
        return Readiness(
            (
                reachable,
                migrated,
                self._check("clock", self._clock_agrees),
                # A table that is locked for a while keeps nobody from signing in.
                self._check("worker", self._worker_is_alive, "degraded"),
                self._check("outbox", self._outbox_is_moving, "degraded"),
                *self._keys(),
                *self._lists(),
            )
        )

    def _keys(self) -> Iterator[Check]:
        if self.cannot_sign is not None:
            yield self._check("keys", partial(self._keys_are_here, self.cannot_sign))

    def _keys_are_here(self, cannot_sign: Callable[[], tuple[str, ...]]) -> Finding:
        missing = cannot_sign()
        if missing:
            return "failed", _KEY_MISSING, {"algorithms": ", ".join(missing)}
        return "ok", _KEYS_HERE, {}

    def _lists(self) -> Iterator[Check]:
        """A process that follows its lists must not go on with old ones: who is blocked would be let in."""
        age = self.lists_age()
        if age is not None:
            yield lists_check(age)

    def _check(self, name: str, look: Callable[[], Finding], refused: State = "failed") -> Check:
        try:
            state, message, values = look()
        except SQLAlchemyError as error:
            return Check(name, refused, _REFUSED, {"error": type(error).__name__})
        return Check(name, state, message, values)

    def _database_answers(self) -> Finding:
        with self._database.read() as connection:
            if self._database.dialect == "postgresql" and connection.scalar(_IS_READ_ONLY) == "on":
                # It would say so for as long as it lasts.
                connection.invalidate()
                return "failed", _TAKES_NO_WRITES, {}
            connection.execute(text("SELECT 1"))
        return "ok", _ANSWERS, {"database": self._database.dialect}

    def _migrations_are_applied(self) -> Finding:
        """Compare the applied revision with ours without Alembic, whose import no worker should pay for."""
        revisions = revisions_in_order()
        if not revisions:
            return "ok", _NO_MIGRATIONS, {}
        try:
            with self._database.read() as connection:
                applied = connection.scalar(text("SELECT version_num FROM alembic_version"))
        except SQLAlchemyError:
            return "failed", _NO_TABLES, {}
        if applied in revisions[:-1]:
            return "failed", _BEHIND, {"applied": applied, "needed": revisions[-1]}
        if applied == revisions[-1]:
            return "ok", _APPLIED, {"applied": applied}
        # The version before a migration works with the database after it; that is what migrations promise.
        return "ok", _NEWER, {"applied": applied}

    def _clock_agrees(self) -> Finding:
        drift = self.clock_drift()
        if drift is None:
            return "ok", _SAME_CLOCK, {}
        state: State = "ok" if drift <= LARGEST_DRIFT else "failed"
        return state, _DRIFT, {"seconds": f"{drift.total_seconds():.3f}"}

    def clock_drift(self) -> timedelta | None:
        """Return how far our clock is from the database's, None if they are the same one."""
        if self._database.dialect == "sqlite":
            return None
        with self._database.read() as connection:
            before = self._clock.now()
            theirs: datetime | None = connection.scalar(text("SELECT clock_timestamp()"))
            after = self._clock.now()
        middle = before + (after - before) / 2
        return abs((theirs or middle).astimezone(UTC) - middle)

    def _worker_is_alive(self) -> Finding:
        latest = self._heartbeats.latest()
        if latest is None:
            return "degraded", _NO_WORKER, {}
        silence = self._clock.now() - latest
        state: State = "ok" if silence <= LONGEST_SILENCE else "degraded"
        return state, _WORKER_SEEN, {"seconds": f"{max(silence.total_seconds(), 0):.0f}"}

    def _outbox_is_moving(self) -> Finding:
        # A mailbox that is full keeps no department from being told.
        age = self._outbox.oldest_waiting_seconds(but=NOTICE)
        state: State = "ok" if age <= LONGEST_WAIT.total_seconds() else "degraded"
        return state, _OLDEST, {"seconds": f"{age:.0f}"}


def lists_check(age: float) -> Check:
    """Judge the age, in seconds, of the lists that a process holds in memory."""
    state: State = "ok" if age <= OLDEST_LISTS.total_seconds() else "failed"
    return Check("lists", state, _LISTS, {"seconds": f"{age:.0f}"})


@functools.cache
def revisions_in_order() -> tuple[str, ...]:
    """Return the revisions of this version, oldest first, read from the first lines of their files."""
    package = Path(__file__).resolve().parent.parent
    after: dict[str | None, str] = {}
    for path in (*package.glob("migrations/versions/*.py"), *package.parent.glob("migrations/versions/*.py")):
        found = {bool(is_down): name for is_down, name in _REVISION.findall(path.read_text(encoding="utf-8"))}
        if False in found:
            after[found.get(True)] = found[False]
    ordered: list[str] = []
    while (following := after.get(ordered[-1] if ordered else None)) is not None:
        ordered.append(following)
    return tuple(ordered)
