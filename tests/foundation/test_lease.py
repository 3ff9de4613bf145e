"""The turn at a row: one worker's, free again when that worker has died, whatever clock it was given under."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from idp.foundation.lease import LEASE, claim_first, is_free
from idp.sessions.models import SessionSweep
from tests.support.racing import together

WAITING = select(SessionSweep.id).where(SessionSweep.finished_at.is_(None)).order_by(SessionSweep.created_at)


@pytest.fixture
def rows(services, clock):
    """Three rows that wait, the oldest first."""
    ids = [UUID(int=number) for number in (3, 1, 2)]
    texts = {"end_reason": "revoked", "actor": "system", "began_until": clock.now()}
    counts = dict.fromkeys(("sessions", "client_sessions", "grants"), 0)
    with services.database.transaction() as connection:
        for row_id in ids:
            connection.execute(
                insert(SessionSweep), {"id": row_id, "created_at": clock.now(), "leased_until": None} | texts | counts
            )
            clock.advance(1)
    return ids


def claim(services, now: datetime | None = None) -> UUID | None:
    with services.database.transaction() as connection:
        return claim_first(connection, SessionSweep, WAITING, now or services.clock.now())


@pytest.mark.parametrize(
    ("seconds_left", "free"), [(None, True), (-1, True), (1, False), (30, False), (31, True), (86_400, True)]
)
@pytest.mark.usefixtures("rows")
def test_a_lease_holds_until_its_end_and_never_longer_than_a_fresh_one(services, clock, seconds_left, free):
    """What ends later than a fresh one was given by a clock that was ahead."""
    until = None if seconds_left is None else clock.now() + timedelta(seconds=seconds_left)
    with services.database.transaction() as connection:
        connection.execute(update(SessionSweep).values(leased_until=until))
        found = connection.scalars(select(is_free(SessionSweep.leased_until, clock.now()))).all()
    assert [bool(one) for one in found] == [free] * 3


def test_turns_are_given_in_order_each_once(services, rows):
    assert [claim(services) for _ in range(4)] == [*rows, None]


def test_a_turn_is_free_again_when_its_worker_has_died(services, rows, clock):
    claim(services)
    clock.advance(LEASE.total_seconds() - 1)
    assert claim(services) == rows[1]
    clock.advance(2)
    assert claim(services) == rows[0]


def test_what_is_finished_needs_no_turn(services, rows, clock):
    with services.database.transaction() as connection:
        connection.execute(update(SessionSweep).where(SessionSweep.id == rows[0]).values(finished_at=clock.now()))
    assert claim(services) == rows[1]


def test_workers_at_once_never_hold_the_same_turn(services, rows):
    won = [turn for turn in together([lambda: claim(services)] * 8) if turn is not None]
    assert len(won) == len(set(won))
    assert set(won) <= set(rows)
    assert won
