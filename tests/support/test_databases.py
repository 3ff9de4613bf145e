"""The suite's own promise: each test starts with a clean database, whatever the ones before it left behind."""

import uuid
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, func, insert, select, text

from idp.foundation.database import Database
from idp.foundation.outbox import OutboxMessage
from tests.support.databases import HOUSEKEEPING


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.mark.parametrize("_round", [1, 2])
def test_rows_of_one_test_are_gone_in_the_next(database, _round):
    with database.transaction() as connection:
        assert connection.scalar(select(func.count()).select_from(OutboxMessage)) == 0
        connection.execute(
            insert(OutboxMessage).values(
                id=uuid.uuid4(),
                kind="test",
                lane="tax",
                payload={},
                created_at=datetime.now(UTC),
                due_at=datetime.now(UTC),
            )
        )


@pytest.mark.parametrize("_round", [1, 2])
def test_transaction_left_open_does_not_hold_up_the_next_test(database_url, _round):
    """The connection is closed by nobody, as after a thread that died."""
    leaked = Database(database_url)
    connection = leaked.engine.connect()
    connection.execute(select(OutboxMessage.id))
    leaked.engine.dispose(close=False)
    _LEAKED.append(connection)


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("_round", [1, 2])
def test_ending_every_connection_does_not_keep_the_next_test_from_a_clean_database(database, _round):
    with database.transaction() as connection:
        ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name")
        assert connection.scalars(ended, {"name": HOUSEKEEPING}).all() != []


_LEAKED: list[Connection] = []


@pytest.fixture(scope="module", autouse=True)
def _close_leaks():
    yield
    for connection in _LEAKED:
        connection.invalidate()
        connection.close()


@pytest.mark.only_on("postgresql")
def test_mark_keeps_a_test_on_its_database(database):
    assert database.dialect == "postgresql"
