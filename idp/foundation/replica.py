"""Small lists that every process holds whole, so that requests ask memory and not the database (decision 0019).

A list has a version, raised in the transaction that changes it. One thread a process reads the versions every second,
and a list anew when its own has changed. Where no thread does, as in commands, whoever asks reads them at most every
three seconds.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import BigInteger, Connection, String, select
from sqlalchemy.orm import Mapped

from idp.foundation.columns import plain
from idp.foundation.database import Base, Database, DatabaseFailure
from idp.foundation.logging import get_logger

FOLLOWED_EVERY_SECONDS: Final = 1.0
FRESH_SECONDS: Final = 3.0
"""How old a list may be before whoever asks has to look: longer than a follower takes, so that it spares them that."""
_SLOW_SECONDS: Final = 2.0
_SILENT_AFTER: Final = 2
"""Looks in a row that had to be given up. One may have met a connection that was lost, which the next makes anew."""

T = TypeVar("T")
_log = get_logger(__name__)


class ListVersion(Base):
    """How often a list has changed. A list without a row never has: it is empty."""

    __tablename__ = "list_version"

    name: Mapped[str] = plain(String(20), primary_key=True)
    version: Mapped[int] = plain(BigInteger, nullable=False)


_VERSIONS = select(ListVersion.name, ListVersion.version)


class Replica(Generic[T]):
    """One list as this process holds it. Thread-safe; made by ``Replicas.of``."""

    def __init__(self, replicas: "Replicas", name: str, empty: T, read: Callable[[], T]) -> None:
        self._replicas = replicas
        self._name = name
        self._read = read
        self._version = 0
        self._value = empty

    def get(self) -> T:
        """Return the list."""
        self._replicas.ensure_fresh()
        return self._value

    def changed(self) -> None:
        """Say that the list changes, within the transaction that does it and before it reads what is there: whoever
        changes the list at the same time waits here.
        """
        self._replicas.raise_version(self._name)

    def follow(self, version: int) -> None:
        """Read the list if it has another version. That was read before, so that no change is ever missed."""
        if version != self._version:
            self._value = self._read()
            self._version = version


class Replicas:
    """Every list that a process holds."""

    def __init__(self, database: Database, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._timer = timer
        self._lock = threading.Lock()
        self._lists: dict[str, Replica[Any]] = {}
        self._local = threading.local()
        self._is_expired = False
        self._looked_at = 0.0
        self._has_looked = False
        self._is_followed = False
        self._unanswered = 0

    def of(self, name: str, empty: T, read: Callable[[], T]) -> Replica[T]:
        """Return the list of this name, which ``read`` reads whole."""
        made = self._lists[name] = Replica(self, name, empty, read)
        return made

    def ensure_fresh(self) -> None:
        """Look, unless somebody has lately. One thread at a time: others go on with what is held, if anything is."""
        if self._is_fresh() or not self._lock.acquire(blocking=self._is_expired or not self._has_looked):
            return
        try:
            if not self._is_fresh():
                self._look_or_keep()
        finally:
            self._lock.release()

    def _is_fresh(self) -> bool:
        is_young = self._has_looked and self._timer() - self._looked_at < FRESH_SECONDS
        return is_young and not self._is_expired

    def look(self) -> None:
        """Read what has changed: one SELECT where nothing has."""
        with self._lock:
            self._look()

    def follow_for_ever(self, *also: Callable[[], None]) -> None:
        """Look every second from now on, and do what else is due, in a thread that ends with the process."""
        self._is_followed = True
        threading.Thread(target=self._follow, args=also, name="replicas", daemon=True).start()

    def age(self) -> float | None:
        """Return how many seconds ago the lists were known to be as they are; None where no thread follows them."""
        return self._timer() - self._looked_at if self._is_followed and self._has_looked else None

    def raise_version(self, name: str) -> None:
        """Raise the version of a list; this process looks again once that has committed."""
        with self._database.transaction() as connection:
            connection.execute(self._database.insert_adding(ListVersion, "version"), {"name": name, "version": 1})
            self._local.changing = connection.get_transaction()
            self._database.after_commit(self._expire)

    def _expire(self) -> None:
        self._is_expired = True

    def _look_or_keep(self) -> None:
        if self._has_looked and self._database.is_silent:
            return
        try:
            self._look()
        except DatabaseFailure:
            # Who holds a list goes on with it: a sign-in needs the database anyway, and fails there in its own words.
            if not self._has_looked:
                raise
            _log.exception("lists_not_read")

    def _look(self) -> None:
        started, was_expired, self._is_expired = self._timer(), self._is_expired, False
        try:
            with self._database.glancing() as connection:
                if self._is_changing(connection):
                    self._is_expired |= was_expired
                    return
                versions = {row.name: row.version for row in connection.execute(_VERSIONS)}
                for name, one in self._lists.items():
                    one.follow(versions.get(name, 0))
        except BaseException:
            self._is_expired |= was_expired
            raise
        self._looked_at, self._has_looked = started, True

    def _is_changing(self, connection: Connection) -> bool:
        """Tell whether this very transaction changes a list: what it writes may still be taken back, and its version
        given to other content.
        """
        under_way = connection.get_transaction()
        return under_way is not None and under_way is getattr(self._local, "changing", None)

    def _follow(self, *also: Callable[[], None]) -> None:
        while True:
            for call in (self._look_and_tell, *also):
                try:
                    call()
                except Exception:  # noqa: BLE001 - whatever it was, the next second may be better, and requests look too
                    _log.exception("lists_not_followed")
            time.sleep(FOLLOWED_EVERY_SECONDS)

    def _look_and_tell(self) -> None:
        """Look, and tell requests whether the database answers at all: who would have to wait for it is refused at once
        then, and whoever asks whether this process is alive finds a thread.
        """
        began = self._timer()
        try:
            self.look()
        except DatabaseFailure as error:
            was_slow = self._timer() - began > _SLOW_SECONDS
            self._unanswered = self._unanswered + 1 if was_slow else 0
            age = self.age()
            _log.warning(
                "lists_not_followed",
                error_type=type(error).__name__,
                age_seconds=None if age is None else round(age),
                is_silent=self._is_silent(),
            )
        else:
            self._unanswered = 0
            if self._database.is_silent:
                _log.warning("database_answers_again")
        self._database.is_silent = self._is_silent()

    def _is_silent(self) -> bool:
        return self._unanswered >= _SILENT_AFTER
