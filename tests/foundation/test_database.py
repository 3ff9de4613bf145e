"""The database: the same rules on SQLite and PostgreSQL (rule P4)."""

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from idp.foundation.columns import microseconds, moment_of
from idp.foundation.database import Database, DatabaseFailure, parse_url
from idp.foundation.errors import ConfigurationError
from idp.foundation.outbox import NewMessage, Outbox, OutboxMessage
from idp.protocol.artefacts.used_jti import UsedJTI
from tests.support.racing import together
from tests.support.statements import watched

LATER = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def add(database: Database, value: bytes) -> bool:
    """Insert a row unless it is there; tell whether it was new."""
    return database.insert_if_new(UsedJTI, {"digest": value.ljust(32), "expires_at": LATER})


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(UsedJTI)) or 0)


class TestTransactions:
    def test_the_outermost_commits(self, database: Database):
        with database.transaction() as outer:
            with database.transaction() as inner:
                assert inner is outer
                add(database, b"one")
            assert together([lambda: count(database)]) == [0], "nobody else sees it yet"
        assert together([lambda: count(database)]) == [1]

    def test_an_exception_rolls_everything_back(self, database: Database):
        def fail() -> None:
            with database.transaction():
                add(database, b"one")
                with database.transaction():
                    add(database, b"two")
                    raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert count(database) == 0
        assert add(database, b"three"), "and the thread is free again"

    def test_reading_inside_sees_what_was_written(self, database: Database):
        with database.transaction() as connection:
            add(database, b"one")
            with database.read() as reader:
                assert reader is connection
                assert count(database) == 1

    def test_each_thread_has_its_own(self, database: Database):
        seen: list[Any] = []
        barrier = threading.Barrier(2)

        def look() -> None:
            with database.read() as connection:
                seen.append(connection)
                barrier.wait(timeout=10)

        together([look, look])
        assert seen[0] is not seen[1]

    def test_writers_wait_for_one_another(self, database: Database):
        """SQLite begins IMMEDIATE: a transaction that reads first and then writes never finds itself out of date."""
        add(database, b"row")

        def push_back() -> None:
            statement = select(UsedJTI.expires_at)
            if database.dialect == "postgresql":
                statement = statement.with_for_update()
            with database.transaction() as connection:
                before = connection.scalars(statement).one()
                connection.execute(update(UsedJTI).values(expires_at=before + timedelta(seconds=1)))

        together([push_back] * 12)
        with database.read() as connection:
            assert connection.scalar(select(UsedJTI.expires_at)) == LATER + timedelta(seconds=12)

    def test_of_many_inserts_of_one_key_exactly_one_is_new(self, database: Database):
        assert sorted(together([lambda: add(database, b"same")] * 12)) == [False] * 11 + [True]
        assert count(database) == 1

    def test_a_failed_read_spoils_no_later_one(self, database: Database):
        for _ in range(20):
            with pytest.raises(DatabaseFailure), database.read() as connection:
                connection.execute(text("SELECT * FROM nowhere"))
            assert count(database) == 0


class TestEngines:
    def test_a_read_begins_no_transaction(self, database: Database):
        with watched(database) as seen:
            count(database)
        assert (seen.kinds, seen.commits) == (["SELECT"], 0)

    def test_a_lossy_write_is_refused_inside_a_transaction(self, database: Database):
        with database.transaction(), pytest.raises(RuntimeError, match="lossy"), database.lossy():
            pass

    def test_a_lossy_write_is_there_at_once(self, database: Database):
        with database.lossy() as connection:
            connection.execute(database.insert_new(UsedJTI).values(digest=b"x" * 32, expires_at=LATER))
            assert together([lambda: count(database)]) == [1]

    @pytest.mark.only_on("postgresql")
    def test_only_the_lossy_engine_does_not_wait_for_the_disk(self, database: Database):
        """Rule P4: it is fixed at connect, never SET by a session."""

        def setting(place: Any) -> Any:
            with place() as connection:
                return connection.scalar(text("SHOW synchronous_commit"))

        for _ in range(3):
            assert setting(database.transaction) == "on"
            assert setting(database.read) == "on"
            assert setting(database.lossy) == "off"
            assert setting(database.searching) == "on"
        assert len(database.engines) == 4

    @pytest.mark.only_on("postgresql")
    def test_lists_are_planned_for_their_values_and_hot_statements_are_not(self, database: Database):
        def mode(place: Any) -> Any:
            with place() as connection:
                return connection.scalar(text("SHOW plan_cache_mode"))

        assert mode(database.searching) == "force_custom_plan"
        assert mode(database.read) == mode(database.transaction) == "force_generic_plan"
        with database.transaction():
            database.plan_for_values()
            assert mode(database.transaction) == "force_custom_plan"
        assert mode(database.transaction) == "force_generic_plan", "only for that transaction"

    @pytest.mark.only_on("sqlite")
    def test_sqlite_is_durable_private_and_strict(self, database: Database):
        """Rule P4."""
        expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
        for place in (database.transaction, database.read, database.lossy):
            with place() as connection:
                told = {name: connection.scalar(text(f"PRAGMA {name}")) for name in expected}
            assert told == expected

    @pytest.mark.only_on("sqlite")
    def test_a_new_file_is_its_owners_alone(self, tmp_path: Path):
        """Rule P4: 0600, before the first byte is written."""
        path = tmp_path / "deep" / "idp.db"
        database = Database(f"sqlite:///{path}")
        with database.transaction() as connection:
            connection.execute(text("CREATE TABLE one (id INTEGER)"))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert set(modes.values()) == {0o600}, modes
        database.dispose()

    def test_foreign_keys_are_kept(self, database: Database):
        statement = "INSERT INTO device (id, account_id, digest, created_at, last_seen_at) VALUES (:i, :i, :d, 0, 0)"
        nobody = UUID(int=7) if database.dialect == "postgresql" else UUID(int=7).bytes
        with pytest.raises(DatabaseFailure), database.transaction() as connection:
            connection.execute(text(statement), {"i": nobody, "d": b"x"})


class TestColumns:
    @pytest.mark.parametrize(
        "moment",
        [
            datetime(1970, 1, 1, tzinfo=UTC),
            datetime(2026, 3, 2, 1, 0, 0, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(1900, 1, 1, tzinfo=UTC),
        ],
    )
    def test_a_moment_is_whole_microseconds(self, moment: datetime):
        assert moment_of(microseconds(moment)) == moment

    def test_values_come_back_as_they_were(self, database: Database, clock: Any, entropy: Any):
        payload = {"text": "状态 😀 \"'\\ ", "list": [1, 2.5, None, True], "deep": {"": {}}, "big": 2**53}
        about = entropy.uuid7()
        Outbox(database, clock, entropy).enqueue(NewMessage("kind", "lane", payload, about=about))
        with database.read() as connection:
            row = connection.execute(select(OutboxMessage.payload, OutboxMessage.about, OutboxMessage.created_at)).one()
        assert tuple(row) == (payload, about, clock.now())
        assert row.created_at.tzinfo is UTC


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "driver"),
        [
            ("postgresql://idp@db/idp", "postgresql+psycopg"),
            ("postgres://idp@db/idp", "postgresql+psycopg"),
            ("postgresql+psycopg://idp@db/idp", "postgresql+psycopg"),
            ("sqlite:///idp.db", "sqlite"),
            ("postgresql://idp@/idp?host=a:5432&host=b:5432&target_session_attrs=read-write", "postgresql+psycopg"),
        ],
    )
    def test_they_name_one_of_our_drivers(self, url: str, driver: str):
        assert parse_url(url).drivername == driver

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "not a url hunter2",
            "postgresql://u:hunter2@db:port/idp",
            "mysql://u:hunter2@db/idp",
            "postgresql+psycopg2://u:hunter2@db/idp",
            "sqlite+aiosqlite:///x",
            "sqlite://",
            "sqlite:///:memory:",
        ],
    )
    def test_others_are_refused_without_showing_the_password(self, url: str):
        with pytest.raises(ConfigurationError, match="IDP_DATABASE_URL") as caught:
            parse_url(url)
        assert "hunter2" not in str(caught.value)

    def test_a_file_that_cannot_be_made_is_named(self, tmp_path: Path):
        (tmp_path / "file").touch()
        with pytest.raises(ConfigurationError, match=r"IDP_DATABASE_URL: .*idp\.db"):
            Database(f"sqlite:///{tmp_path}/file/idp.db")

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://idp@/idp?host=a&host=b",
            "postgresql://idp@/idp?host=a,b",
            "postgresql://idp@/idp?host=a,b&target_session_attrs=any",
        ],
    )
    def test_several_hosts_must_ask_for_the_one_that_writes(self, url: str):
        """Rule P4: a redemption on a replica would be no redemption."""
        with pytest.raises(ConfigurationError, match="target_session_attrs=read-write"):
            parse_url(url)


def test_an_error_does_not_repeat_the_values_of_its_statement(database):
    """ASVS-16.2.5: errors end in logs, values are personal."""
    with pytest.raises(SQLAlchemyError) as caught, database.transaction() as connection:
        connection.execute(text("SELECT :name FROM nowhere"), {"name": "张三丰"})
    assert "张三丰" not in str(caught.value)
