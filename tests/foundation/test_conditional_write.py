"""A conditional UPDATE and the rows that follow from it: all or nothing, once, on both databases (decision 0008)."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, func, insert, select, update

from idp.audit.models import AuditEvent
from idp.foundation.conditional_write import ConditionalWrite
from idp.foundation.database import DatabaseFailure
from idp.keyring.events import MasterKeyRemoved
from idp.protocol.artefacts.used_jti import UsedJTI
from tests.support.racing import together

FIRST, LATER = datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
DIGEST = b"d" * 32
BEFORE, AFTER = (bindparam(name, type_=UsedJTI.expires_at.type) for name in ("before", "after"))
ONCE = (
    update(UsedJTI).where(UsedJTI.digest == bindparam("wanted"), UsedJTI.expires_at == BEFORE).values(expires_at=AFTER)
)
VALUES = {"wanted": DIGEST, "before": FIRST, "after": LATER}


@pytest.fixture
def database(services):
    with services.database.transaction() as connection:
        connection.execute(insert(UsedJTI), {"digest": DIGEST, "expires_at": FIRST})
    return services.database


@pytest.fixture
def write(database):
    return ConditionalWrite(database, ONCE)


@pytest.fixture
def row(services):
    """Make the row of an audit event."""
    return lambda: services.audit.rows(MasterKeyRemoved(kid="k"))[AuditEvent]


def state(database):
    with database.read() as connection:
        expires_at = connection.scalar(select(UsedJTI.expires_at))
        action = MasterKeyRemoved.action
        return expires_at, connection.scalar(select(func.count()).where(AuditEvent.action == action))


def test_an_update_that_meets_its_row_brings_the_others(database, write, row):
    assert write.run(VALUES, {AuditEvent: row()})
    assert state(database) == (LATER, 1)


def test_an_update_without_rows_to_follow_is_a_plain_one(database, write):
    assert write.run(VALUES, {})
    assert not write.run(VALUES, {})
    assert state(database) == (LATER, 0)


def test_an_update_that_misses_stores_nothing(database, write, row):
    assert not write.run(VALUES | {"before": LATER}, {AuditEvent: row()})
    assert state(database) == (FIRST, 0)


def test_a_row_that_cannot_be_stored_takes_the_update_back(database, write, row):
    twice = row()
    assert write.run(VALUES, {AuditEvent: twice})
    with pytest.raises(DatabaseFailure):
        write.run(VALUES | {"before": LATER, "after": FIRST}, {AuditEvent: twice})
    assert state(database) == (LATER, 1)


def test_it_commits_with_the_transaction_under_way(database, write, row):
    with suppress(ZeroDivisionError), database.transaction():
        assert write.run(VALUES, {AuditEvent: row()})
        _ = 1 / 0
    assert state(database) == (FIRST, 0)


def test_of_twenty_at_once_one_succeeds(database, write, row):
    outcomes = together([lambda: write.run(VALUES, {AuditEvent: row()})] * 20)
    assert outcomes.count(True) == 1
    assert state(database) == (LATER, 1)
