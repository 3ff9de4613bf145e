"""A database that does not answer keeps nobody waiting for longer than is said (PostgreSQL; SQLite has its own)."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, select, text

from idp.foundation import time_limits
from idp.foundation.database import Database, DatabaseFailure
from idp.foundation.prepared_statement import PreparedStatement
from idp.foundation.time_limits import TimeLimits
from idp.protocol.artefacts.used_jti import UsedJTI
from tests.support.receiver import receive

__all__ = ["receive"]

pytestmark = pytest.mark.only_on("postgresql")
FIND = PreparedStatement(select(UsedJTI.digest).where(UsedJTI.digest == bindparam("digest", type_=UsedJTI.digest.type)))
NONE = {"digest": b"0" * 32}
SECONDS = 1.0
AT_MOST = 5.0
"""The limit, the second more that the server is given, two looks, and time for a busy machine."""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, pool_size=2, limits=TimeLimits(SECONDS))
    yield database
    database.dispose()


@pytest.fixture
def patient(database_url: str) -> Iterator[Database]:
    """Without limits."""
    database = Database(database_url)
    yield database
    database.dispose()


def backend_of(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    return int(driver.info.backend_pid)


@contextmanager
def stopped(backend: int) -> Iterator[None]:
    """Have PostgreSQL hang: its kernel still takes what it is sent."""
    try:
        os.kill(backend, signal.SIGSTOP)
    except PermissionError:
        pytest.skip("the database belongs to another user of this machine")
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(backend, signal.SIGCONT)


def seconds_until_refused(ask: Callable[[], object]) -> float:
    began = time.monotonic()
    with pytest.raises(DatabaseFailure):
        ask()
    return time.monotonic() - began


PLACES = ("transaction", "read", "lossy", "searching")


@pytest.mark.parametrize("place", PLACES)
def test_a_statement_that_takes_too_long_is_ended(database: Database, place: str):
    def sleep() -> None:
        with getattr(database, place)() as connection:
            connection.execute(text("SELECT pg_sleep(20)"))

    assert seconds_until_refused(sleep) < AT_MOST


@pytest.mark.parametrize("place", ["transaction", "read", "lossy"])
def test_a_prepared_one_is_ended_and_not_asked_again(database: Database, patient: Database, place: str):
    def wait() -> None:
        with getattr(database, place)() as connection:
            FIND.rows(connection, NONE)

    with patient.transaction() as other:
        other.execute(text("LOCK TABLE used_jti IN ACCESS EXCLUSIVE MODE"))
        assert seconds_until_refused(wait) < 2 * SECONDS
    wait()


@pytest.mark.parametrize("place", PLACES)
def test_a_server_that_hangs_is_given_up(database: Database, place: str):
    def ask() -> None:
        with getattr(database, place)() as connection:
            FIND.rows(connection, NONE)

    def hang() -> None:
        with getattr(database, place)() as connection:
            FIND.rows(connection, NONE)
            backends.append(backend_of(connection))
        with stopped(backends[-1]):
            assert seconds_until_refused(ask) < AT_MOST

    backends: list[int] = []
    hang()
    ask()


def test_a_commit_that_is_not_answered_is_no_success(database: Database):
    done: list[str] = []

    def commit() -> None:
        with database.transaction() as connection:
            FIND.rows(connection, NONE)
            database.after_commit(lambda: done.append("committed"))
            os.kill(backend_of(connection), signal.SIGSTOP)
            backends.append(backend_of(connection))

    backends: list[int] = []
    try:
        assert seconds_until_refused(commit) < AT_MOST
    finally:
        os.kill(backends[0], signal.SIGCONT)
    assert done == []
    with database.transaction() as connection:
        FIND.rows(connection, NONE)


def test_many_short_statements_one_after_the_other_are_no_silence(database: Database, monkeypatch: pytest.MonkeyPatch):
    """However often the thread comes by, and finds that somebody waits."""
    monkeypatch.setattr(time_limits, "_LOOK_SECONDS", 0.01)
    with database.read() as connection:
        end = time.monotonic() + 2 * SECONDS + 1
        while time.monotonic() < end:
            connection.execute(text("SELECT pg_sleep(0.2)"))


def test_a_transaction_that_nobody_goes_on_with_is_ended(database: Database, monkeypatch: pytest.MonkeyPatch):
    """What a process holds that was stopped in the middle, others would wait for until it dies."""
    monkeypatch.setattr(time_limits, "_IDLE_SECONDS", 0.3)

    def pause() -> None:
        with database.transaction() as connection:
            connection.execute(text("SELECT 1"))
            time.sleep(1)
            connection.execute(text("SELECT 1"))

    seconds_until_refused(pause)


def test_a_glance_has_little_time_whatever_others_have(database_url: str):
    database = Database(database_url, limits=TimeLimits(60))

    def glance() -> None:
        with database.glancing(), database.read() as connection:
            connection.execute(text("SELECT pg_sleep(20)"))

    try:
        assert seconds_until_refused(glance) < time_limits.GLANCE.statement_seconds + 2
    finally:
        database.dispose()


def test_a_server_that_takes_a_connection_and_says_nothing_is_given_up(receive: Any):
    """A stopped postmaster: connections are made by its kernel."""
    silent = receive(lambda _: time.sleep(20))
    database = Database(f"postgresql://idp@127.0.0.1:{silent.port}/idp")
    assert seconds_until_refused(database.engine.connect) < time_limits.CONNECT_SECONDS + 3


def test_without_limits_a_statement_may_take_its_time(patient: Database):
    """Migrations and commands: a person waits, and knows for what."""
    with patient.read() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "0"
