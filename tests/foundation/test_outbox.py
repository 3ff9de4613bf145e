"""The outbox: nothing lost, nothing doubled while a lease holds, order within a lane (rule P12)."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from idp.foundation.database import Database
from idp.foundation.lease import LEASE
from idp.foundation.outbox import MOST_ATTEMPTS, Message, NewMessage, Outbox
from tests.support.racing import together

ABOUT = UUID(int=7)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def outbox(database: Database, clock: Any, entropy: Any) -> Outbox:
    return Outbox(database, clock, entropy)


def claimed(outbox: Outbox, lane: str = "tax") -> Message:
    message = outbox.claim(lane)
    assert message is not None
    return message


def test_message_vanishes_with_the_transaction_that_failed(outbox: Outbox, database: Database):
    def fail() -> None:
        with database.transaction():
            outbox.enqueue(NewMessage("k", "tax", {}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert outbox.waiting_lanes() == []


def test_messages_of_a_lane_come_in_order_one_at_a_time(outbox: Outbox):
    for number in range(3):
        outbox.enqueue(NewMessage("k", "tax", {"n": number}))
    first = claimed(outbox)
    assert (first.payload, outbox.claim("tax"), outbox.waiting_lanes()) == ({"n": 0}, None, [])
    outbox.settle(first, None)
    assert claimed(outbox).payload == {"n": 1}


def test_failed_message_holds_up_its_own_lane_only(outbox: Outbox, clock: Any):
    outbox.enqueue(NewMessage("k", "tax", {"n": 1}))
    outbox.enqueue(NewMessage("k", "tax", {"n": 2}))
    outbox.enqueue(NewMessage("k", "welfare", {"n": 3}))
    outbox.settle(claimed(outbox), "no answer")
    assert outbox.waiting_lanes() == ["welfare"]
    assert outbox.claim("tax") is None
    clock.advance(1)
    again = claimed(outbox)
    assert (again.payload, again.attempts) == ({"n": 1}, 2)


def test_message_of_a_dead_worker_is_claimed_again_when_its_lease_ends(outbox: Outbox, clock: Any):
    outbox.enqueue(NewMessage("k", "tax", {}))
    first = claimed(outbox)
    clock.advance(LEASE.total_seconds() - 1)
    assert outbox.claim("tax") is None
    clock.advance(2)
    assert claimed(outbox).id == first.id


@pytest.mark.parametrize("ahead", [5, 30, 86_400])
def test_a_message_written_under_a_clock_that_was_ahead_is_due_at_once(outbox: Outbox, clock: Any, ahead: int):
    """A sign-out must not wait until the clock, once set right, has come so far again."""
    clock.advance(ahead)
    outbox.enqueue(NewMessage("k", "tax", {}))
    clock.advance(-ahead)
    assert outbox.waiting_lanes() == ["tax"]
    claimed(outbox)


def test_a_lease_given_by_a_clock_that_was_ahead_is_over(outbox: Outbox, clock: Any):
    outbox.enqueue(NewMessage("k", "tax", {}))
    clock.advance(days=1)
    first = claimed(outbox)
    clock.advance(days=-1)
    assert outbox.waiting_lanes() == ["tax"]
    assert claimed(outbox).id == first.id


def test_a_retry_put_off_by_a_clock_that_was_ahead_waits_no_longer_than_any(outbox: Outbox, clock: Any):
    outbox.enqueue(NewMessage("k", "tax", {}))
    clock.advance(days=1)
    outbox.settle(claimed(outbox), "no answer")
    clock.advance(days=-1)
    assert outbox.waiting_lanes() == ["tax"]
    claimed(outbox)


def test_retries_wait_longer_each_time_and_end_among_the_dead(outbox: Outbox, clock: Any):
    outbox.enqueue(NewMessage("k", "tax", {}, about=ABOUT))
    waits = []
    for _ in range(MOST_ATTEMPTS):
        started = clock.now()
        while (message := outbox.claim("tax")) is None:
            clock.advance(1)
        waits.append((clock.now() - started).total_seconds())
        outbox.settle(message, "the site answered 500")
    assert waits[:4] == [0, 1, 2, 4]
    assert outbox.claim("tax") is None
    assert [(line.state, line.attempts, line.last_error) for line in outbox.deliveries([ABOUT])] == [
        ("dead", MOST_ATTEMPTS, "the site answered 500")
    ]


def test_ledger_tells_the_state_of_every_message(outbox: Outbox):
    for lane in ("enterprise", "tax", "welfare"):
        outbox.enqueue(NewMessage("k", lane, {}, about=ABOUT))
    outbox.settle(claimed(outbox, "tax"), None)
    outbox.settle(claimed(outbox, "welfare"), "no answer")
    states = {line.lane: line.state for line in outbox.deliveries([ABOUT])}
    assert states == {"enterprise": "waiting", "tax": "delivered", "welfare": "retrying"}
    assert outbox.deliveries([UUID(int=8)]) == []


def test_lanes_that_begin_alike_can_be_left_out(outbox: Outbox):
    for lane in ("email:1", "email:2", "e%ail", "tax"):
        outbox.enqueue(NewMessage("k", lane, {}))
    assert sorted(outbox.waiting_lanes(without=["email:"])) == ["e%ail", "tax"]
    assert sorted(outbox.waiting_lanes(without=["e%"])) == ["email:1", "email:2", "tax"]


def test_many_messages_at_once_are_those_that_were_given(outbox: Outbox):
    """They are written by one statement on PostgreSQL: nothing of them is lost on the way, nor their order."""
    told = [NewMessage("k", "tax", {"n": n, "text": "税务 \"' %s"}, ABOUT if n % 2 else None) for n in range(50)]
    outbox.enqueue(*told)
    assert len(outbox.deliveries([ABOUT])) == 25
    for number in range(50):
        message = claimed(outbox)
        assert message.payload == {"n": number, "text": "税务 \"' %s"}
        assert (message.kind, message.lane, message.attempts) == ("k", "tax", 1)
        outbox.settle(message, None)
    assert outbox.waiting_lanes() == []


@pytest.mark.only_on("postgresql")
def test_lanes_are_found_without_reading_what_waits_in_them(outbox: Outbox, database: Database):
    """After a mass ending hundreds of thousands wait, and the worker looks several times a second."""
    for lane in ("enterprise", "tax", "welfare"):
        outbox.enqueue(*[NewMessage("k", lane, {})] * 3000)
    seen: list[tuple[Any, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: Any, parameters: Any, *_rest: Any) -> None:
        seen.append((statement, parameters))

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    assert outbox.waiting_lanes(without=["email:"]) == ["enterprise", "tax", "welfare"]
    assert outbox.oldest_waiting_seconds() == 0
    for engine in database.engines:
        event.remove(engine, "before_cursor_execute", note)
    with database.read() as connection:
        connection.exec_driver_sql("ANALYZE outbox_message")
        for statement, parameters in seen:
            plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN (ANALYZE) {statement}", parameters).scalars())
            rows = [int(one) for one in re.findall(r"actual time=\S+ rows=(\d+)", plan)]
            assert max(rows) <= 4, plan


def test_age_of_the_oldest_waiting_message_is_known(outbox: Outbox, clock: Any):
    assert outbox.oldest_waiting_seconds() == 0
    outbox.enqueue(NewMessage("k", "tax", {}))
    clock.advance(61)
    outbox.enqueue(NewMessage("k", "tax", {}))
    assert outbox.oldest_waiting_seconds() == 61
    assert outbox.oldest_waiting_seconds(but="k") == 0
    assert outbox.oldest_waiting_seconds(but="l") == 61


def test_of_twenty_workers_exactly_one_claims_a_message(database_url: str, outbox: Outbox, clock: Any, entropy: Any):
    outbox.enqueue(NewMessage("k", "tax", {}))
    databases = [Database(database_url) for _ in range(4)]
    claims = [partial(Outbox(database, clock, entropy).claim, "tax") for database in databases for _ in range(5)]
    won = [message for message in together(claims) if message is not None]
    for database in databases:
        database.dispose()
    assert len(won) == 1
