"""Statements that libpq runs itself: the same rows as through SQLAlchemy, no failure of their own (decision 0009)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import bindparam, insert, select, text

from idp.accounts.models import Account, NaturalPerson
from idp.foundation.database import Database, DatabaseFailure
from idp.foundation.prepared_statement import PreparedStatement
from idp.protocol.artefacts.used_jti import UsedJTI
from tests.accounts.people import citizen
from tests.protocol.statements import watched

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


@pytest.mark.only_on("postgresql")
class TestOnPostgreSQL:
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
