"""Connections that hot statements find without the pool (decision 0009): quick, and never in anybody's way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, delete, event, select, text
from sqlalchemy.exc import IntegrityError

from idp.foundation.database import Database, DatabaseFailure
from idp.foundation.prepared_statement import PreparedStatement
from idp.protocol.artefacts.used_jti import UsedJTI
from tests.support.databases import HOUSEKEEPING
from tests.support.racing import together
from tests.support.workers import wait_for

LATER = datetime(2030, 1, 1, tzinfo=UTC)
FIND = PreparedStatement(
    select(UsedJTI.digest).where(UsedJTI.expires_at >= bindparam("since", type_=UsedJTI.expires_at.type))
)
WAIT_SECONDS = 10


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, pool_size=2)
    yield database
    database.dispose()


def find(database: Database) -> None:
    with database.read() as connection:
        assert list(FIND.rows(connection, {"since": LATER})) == []


def checkouts(database: Database) -> list[str]:
    """Return a list that grows with each way through a pool."""
    seen: list[str] = []
    for engine in database.engines:
        event.listen(engine, "checkout", lambda *_: seen.append("checkout"))
    return seen


def backend_of(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    return int(driver.info.backend_pid)


def terminate(database: Database, backend: int) -> None:
    """End a backend from a connection of its own, and wait until it is gone."""
    with database.engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})


def backends_of_a_crowd(database: Database, people: int) -> set[int]:
    """Run a hot statement in several threads at once, and return which backends served them."""
    barrier, backends = threading.Barrier(people), set[int]()

    def look() -> None:
        with database.read() as connection:
            barrier.wait(WAIT_SECONDS)
            FIND.rows(connection, {"since": LATER})
            backends.add(backend_of(connection))

    together([look] * people)
    return backends


@pytest.mark.only_on("postgresql")
class TestOnPostgreSQL:
    def test_hot_statements_go_through_the_pool_once(self, database):
        seen = checkouts(database)
        for _ in range(5):
            find(database)
        assert seen == ["checkout"]

    def test_transactions_go_through_the_pool_once(self, database):
        seen = checkouts(database)
        for _ in range(5):
            with database.transaction() as connection:
                FIND.rows(connection, {"since": LATER})
        assert seen == ["checkout"]

    def test_a_transaction_that_failed_gives_its_connection_back(self, database):
        seen = checkouts(database)
        for _ in range(2):
            with pytest.raises(DatabaseFailure), database.transaction() as connection:
                connection.execute(text("SELECT 1/0"))
        assert seen == ["checkout"] * 2

    def test_a_commit_that_the_database_refuses_is_told(self, database):
        """What was to follow the commit does not happen, and the next transaction goes well."""
        done: list[str] = []

        def write_twice() -> None:
            with database.transaction() as connection:
                connection.execute(text("CREATE TEMP TABLE once (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
                connection.execute(text("INSERT INTO once VALUES (1), (1)"))
                database.after_commit(lambda: done.append("committed"))

        with pytest.raises(IntegrityError):
            write_twice()
        assert done == []
        with database.transaction() as connection:
            assert connection.scalar(text("SELECT to_regclass('once')")) is None

    def test_a_transaction_that_finds_the_database_gone_fails_and_the_next_goes_well(self, database):
        with database.transaction() as connection:
            lost = backend_of(connection)
        terminate(database, lost)
        with pytest.raises(DatabaseFailure), database.transaction() as connection:
            FIND.rows(connection, {"since": LATER})
        with database.transaction() as connection:
            FIND.rows(connection, {"since": LATER})

    def test_a_database_that_goes_away_before_the_commit_is_told(self, database):
        def lose_the_connection() -> None:
            with database.transaction() as connection:
                FIND.rows(connection, {"since": LATER})
                terminate(database, backend_of(connection))

        with pytest.raises(DatabaseFailure):
            lose_the_connection()
        with database.transaction() as connection:
            FIND.rows(connection, {"since": LATER})

    def test_a_commit_that_the_database_answers_with_a_rollback_is_told(self, database):
        """Whoever goes on after an error inside a transaction has written nothing: that is no success."""
        done: list[str] = []

        def go_on_after_an_error() -> None:
            with database.transaction() as connection:
                database.after_commit(lambda: done.append("committed"))
                with suppress(DatabaseFailure):
                    connection.execute(text("SELECT 1/0"))

        with pytest.raises(DatabaseFailure):
            go_on_after_an_error()
        assert done == []
        with database.transaction() as connection:
            FIND.rows(connection, {"since": LATER})

    def test_a_connection_that_did_something_else_goes_back_to_the_pool(self, database):
        find(database)
        with database.read() as connection:
            connection.execute(text("SELECT 1"))
        seen = checkouts(database)
        find(database)
        assert seen == ["checkout"]

    def test_what_overflows_the_pool_is_closed(self, database):
        """Two of the pool are left, and the one that asks. PostgreSQL lists a backend until it has read that its client
        closed the connection, which takes it a moment.
        """
        assert len(backends_of_a_crowd(database, 4)) == 4
        others = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND application_name <> :tests"
        )

        def are_closed() -> bool:
            with database.transaction() as connection:
                return int(connection.scalar(others, {"tests": HOUSEKEEPING})) <= 3

        wait_for(are_closed, WAIT_SECONDS)

    def test_whoever_waits_for_a_place_gets_the_next_one(self, database):
        """Two of the pool and two that overflow it are in use; the fifth waits in the pool, where the first to be free
        must come.
        """
        held, over = threading.Barrier(5), threading.Event()

        def hold() -> None:
            with database.read() as connection:
                FIND.rows(connection, {"since": LATER})
                held.wait(WAIT_SECONDS)
                over.wait(WAIT_SECONDS)

        def come_late() -> None:
            held.wait(WAIT_SECONDS)
            threading.Timer(0.2, over.set).start()
            find(database)

        together([hold] * 4 + [come_late])

    def test_when_the_database_went_away_one_request_fails_and_not_each(self, database):
        lost = backends_of_a_crowd(database, 2)
        with database.transaction() as connection:
            for backend in lost:
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
        with pytest.raises(DatabaseFailure):
            find(database)
        for _ in range(3):
            find(database)


@pytest.fixture
def read_only(database: Database) -> Iterator[Callable[[str], None]]:
    """Say ``on`` or ``off``: whether new connections may write. Operators do it when a disk is nearly full."""

    def say(word: str) -> None:
        with database.searching() as connection:
            name = connection.scalar(text("SELECT quote_ident(current_database())"))
            connection.execute(text("SET default_transaction_read_only TO off"))
            connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only TO {word}"))

    yield say
    say("off")


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("place", ["transaction", "read", "lossy"])
def test_once_the_database_takes_writes_again_connections_do(database: Database, read_only: Any, place: str):
    """A connection that began read-only stays so for as long as it lasts."""
    remove = PreparedStatement(
        delete(UsedJTI).where(UsedJTI.expires_at < bindparam("now", type_=UsedJTI.expires_at.type))
    )

    def write() -> None:
        with getattr(database, place)() as connection:
            remove.count(connection, {"now": LATER})

    read_only("on")
    for _ in range(3):
        with pytest.raises(DatabaseFailure):
            write()
    read_only("off")
    with suppress(DatabaseFailure):
        write()
    for _ in range(3):
        write()


@pytest.mark.only_on("sqlite")
def test_on_sqlite_everything_goes_through_the_pool(database):
    seen = checkouts(database)
    for _ in range(3):
        find(database)
    assert seen == ["checkout"] * 3
