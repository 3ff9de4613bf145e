"""Statements that libpq runs itself: the same rows as through SQLAlchemy, no failure of their own (decision 0009)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import bindparam, event, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from idp.accounts.models import Account, NaturalPerson
from idp.foundation.database import Database, DatabaseFailure
from idp.foundation.prepared_statement import PreparedStatement
from idp.protocol.artefacts.used_jti import UsedJTI
from tests.accounts.people import citizen
from tests.support.statements import watched

LATER = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ADD = PreparedStatement(insert(UsedJTI))
FIND = PreparedStatement(
    select(UsedJTI.digest, UsedJTI.expires_at)
    .where(UsedJTI.expires_at >= bindparam("since", type_=UsedJTI.expires_at.type))
    .order_by(UsedJTI.digest)
)


@pytest.fixture
def database(services) -> Database:
    return services.database


def find(database: Database, since: datetime = LATER) -> list[bytes]:
    with database.read() as connection:
        return [row.digest for row in FIND.rows(connection, {"since": since})]


def add(database: Database, digest: bytes) -> None:
    with database.lossy() as connection:
        assert list(ADD.rows(connection, {"digest": digest, "expires_at": LATER})) == []


@contextmanager
def listening(database: Database, by_sqlalchemy: list[str]) -> Iterator[None]:
    """Collect the statements that SQLAlchemy runs itself: those have a cursor."""

    def note(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if cursor is not None:
            by_sqlalchemy.append(statement)

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        for engine in database.engines:
            event.remove(engine, "before_cursor_execute", note)


def test_rows_have_names_and_the_types_of_their_columns(database):
    add(database, b"1" * 32)
    with database.read() as connection:
        for _ in range(2):
            (row,) = FIND.rows(connection, {"since": LATER})
            assert (row.digest, row.expires_at) == tuple(row) == (b"1" * 32, LATER)
    assert find(database, LATER + timedelta(microseconds=1)) == []


def test_every_column_reads_as_through_sqlalchemy(database, services):
    account: UUID = services.accounts.create(citizen(preferred_language="zh-Hans"))
    columns = select(Account, NaturalPerson).join(NaturalPerson, NaturalPerson.id == Account.natural_person_id)
    statement = columns.where(Account.id == bindparam("account"))
    with database.read() as connection:
        (row,) = PreparedStatement(statement).rows(connection, {"account": account})
        assert tuple(row) == tuple(connection.execute(statement, {"account": account}).one())
    assert row.id == account, "of two columns of one name the first has it"


def test_each_run_is_told_to_whoever_counts_statements(database):
    with watched(database) as seen:
        add(database, b"1" * 32)
        find(database)
    assert (seen.kinds, seen.commits) == (["INSERT", "SELECT"], 0)


def test_a_transaction_is_joined(database):
    def fail() -> None:
        with database.transaction() as connection:
            ADD.rows(connection, {"digest": b"1" * 32, "expires_at": LATER})
            assert find(database) == [b"1" * 32]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert find(database) == [], "it is rolled back with the rest"


def test_an_error_is_the_one_of_the_house(database):
    add(database, b"1" * 32)
    for _ in range(2):
        with pytest.raises(DatabaseFailure):
            add(database, b"1" * 32)
    assert find(database) == [b"1" * 32]


def test_an_update_tells_how_many_rows_it_met(database):
    statement = PreparedStatement(
        update(UsedJTI).where(UsedJTI.digest == bindparam("wanted")).values(expires_at=bindparam("until"))
    )
    add(database, b"1" * 32)
    for place in (database.read, database.transaction):
        with place() as connection:
            assert statement.count(connection, {"wanted": b"1" * 32, "until": LATER}) == 1
            assert statement.count(connection, {"wanted": b"2" * 32, "until": LATER}) == 0


def test_an_error_in_a_transaction_is_the_one_of_the_house_and_undoes_it(database):
    def add_two() -> None:
        with database.transaction() as connection:
            for digest in (b"2" * 32, b"1" * 32):
                ADD.rows(connection, {"digest": digest, "expires_at": LATER})

    add(database, b"1" * 32)
    for _ in range(2):
        with pytest.raises(IntegrityError):
            add_two()
        assert find(database) == [b"1" * 32]


@pytest.mark.only_on("postgresql")
class TestOnPostgreSQL:
    @pytest.mark.parametrize("failing", ["SELECT 1", "SELECT * FROM nowhere", None])
    def test_a_transaction_runs_it_by_libpq_also_after_another_was_rolled_back(self, database, failing):
        by_sqlalchemy: list[str] = []
        for number in range(3):
            with suppress(ZeroDivisionError, DatabaseFailure), database.transaction() as connection:
                with listening(database, by_sqlalchemy):
                    ADD.rows(connection, {"digest": bytes([number]) * 32, "expires_at": LATER})
                if failing:
                    connection.execute(text(failing))
                raise ZeroDivisionError
        assert by_sqlalchemy == []
        assert find(database) == []

    def test_what_failed_in_a_savepoint_runs_again_behind_it(self, database):
        add(database, b"1" * 32)
        with database.transaction() as connection:
            with suppress(IntegrityError), connection.begin_nested():
                ADD.rows(connection, {"digest": b"1" * 32, "expires_at": LATER})
            ADD.rows(connection, {"digest": b"2" * 32, "expires_at": LATER})
        assert find(database) == [b"1" * 32, b"2" * 32]

    def test_a_statement_that_the_server_forgot_is_prepared_again(self, database):
        add(database, b"1" * 32)
        assert find(database) == [b"1" * 32]
        with database.read() as connection:
            connection.execute(text("DEALLOCATE ALL"))
        for _ in range(3):
            assert find(database) == [b"1" * 32]

    def test_a_lost_connection_fails_once_as_a_failure_of_the_database(self, database):
        assert find(database) == []
        with database.read() as connection:
            lost: Any = connection.scalar(text("SELECT pg_backend_pid()"))
        with database.transaction() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
        with pytest.raises(DatabaseFailure):
            find(database)
        assert find(database) == []
