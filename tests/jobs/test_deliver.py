"""Deliveries under bad conditions: receivers that hang or fail, killed workers (rule P12, OIDC-BCL-2.5-post)."""

import signal
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from idp.foundation.lease import LEASE
from idp.foundation.outbox import NewMessage
from tests.support.clock import RunningClock
from tests.support.workers import wait_for, working

KIND = "backchannel_logout"
ABOUT = UUID(int=9)


@pytest.fixture
def clock() -> RunningClock:
    """The machine's time: workers run in it."""
    return RunningClock()


def tell(services: Any, client_id: str, count: int = 1) -> None:
    for number in range(count):
        payload = {"client_id": client_id, "sid": f"{client_id}-{number}", "sub": "u"}
        services.outbox.enqueue(NewMessage(KIND, client_id, payload, about=ABOUT))


def states(services: Any) -> list[tuple[str, str]]:
    return [(line.lane, line.state) for line in services.signals.ledger.of_sessions([ABOUT])]


def test_departments_are_told_within_two_seconds(services: Any, new_department: Callable[..., Any]):
    departments = [new_department("tax"), new_department("welfare")]
    with working(services):
        wait_for(lambda: services.signals.heartbeats.latest() is not None)
        started = time.monotonic()
        tell(services, "tax")
        tell(services, "welfare")
        wait_for(lambda: all(department.tokens for department in departments))
        assert time.monotonic() - started < 2
        wait_for(lambda: states(services) == [("tax", "delivered"), ("welfare", "delivered")])


def test_department_that_hangs_delays_nobody_else(services: Any, new_department: Callable[..., Any]):
    hanging, quick = new_department("tax"), new_department("welfare")
    hanging.hangs_after = 0
    tell(services, "tax", 3)
    with working(services):
        wait_for(lambda: bool(hanging.tokens))
        started = time.monotonic()
        tell(services, "welfare", 5)
        wait_for(lambda: len(quick.tokens) == 5)
        assert time.monotonic() - started < 3
        hanging.release.set()


def test_messages_of_a_department_arrive_in_order(services: Any, new_department: Callable[..., Any]):
    department = new_department()
    tell(services, "tax", 10)
    with working(services):
        wait_for(lambda: len(department.tokens) == 10)
    sids = [services.keyring.verify(token, typ="logout+jwt")["sid"] for token in department.tokens]
    assert sids == [f"tax-{number}" for number in range(10)]


def test_department_that_fails_is_told_again(services: Any, new_department: Callable[..., Any]):
    department = new_department()
    department.first_statuses = [503]
    tell(services, "tax")
    with working(services):
        wait_for(lambda: states(services) == [("tax", "delivered")])
    assert len(department.tokens) == 2


def test_message_that_nobody_can_take_is_given_up_at_once(services: Any):
    tell(services, "gone")
    with working(services):
        wait_for(lambda: states(services) == [("gone", "dead")])
    assert [letter.last_error for letter in services.signals.ledger.dead_letters()] == [
        "the client is no longer registered"
    ]


def test_message_of_an_unknown_kind_waits_for_a_worker_that_knows_it(services: Any):
    """Rule O5: during an upgrade old and new workers run side by side."""
    services.outbox.enqueue(NewMessage("from_the_future", "tax", {}, about=ABOUT))
    with working(services):
        wait_for(lambda: states(services) == [("tax", "retrying")])


def test_attempt_under_way_is_finished_when_the_worker_ends(services: Any, new_department: Callable[..., Any]):
    department = new_department()
    department.hangs_after = 0
    tell(services, "tax", 2)
    stop = threading.Event()
    with working(services, stop) as worker:
        wait_for(lambda: len(department.tokens) == 1)
        stop.set()
        # An answer before the worker has begun to end would let it go on with the second message.
        wait_for(worker._deliverer._stopping.is_set)  # noqa: SLF001 - it shows nowhere outside
        department.release.set()
    assert states(services) == [("tax", "delivered"), ("tax", "waiting")]


@pytest.mark.server
def test_worker_killed_in_the_middle_of_deliveries_loses_none(
    services: Any, new_department: Callable[..., Any], idp_command: Any, clock: RunningClock
):
    """A killed worker's message is delivered again when its lease ends; none is lost, and the order stays."""
    department = new_department()
    department.hangs_after = 5
    tell(services, "tax", 20)
    first = idp_command.start("worker")
    try:
        wait_for(lambda: len(department.tokens) > 5, 60)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(10)
    finally:
        first.stop()
    department.release.set()
    clock.advance(LEASE.total_seconds() + 1)
    with working(services):
        wait_for(lambda: {state for _, state in states(services)} == {"delivered"}, 60)
    sids = [services.keyring.verify(token, typ="logout+jwt")["sid"] for token in department.tokens]
    assert set(sids) == {f"tax-{number}" for number in range(20)}
    assert len(sids) == 21, "the one that was under way arrives twice, no other"
    assert sids == sorted(sids, key=lambda sid: int(sid.removeprefix("tax-")))


@pytest.mark.server
def test_worker_ends_in_good_order_when_it_is_asked_to(services: Any, idp_command: Any):
    worker = idp_command.start("worker")
    try:
        wait_for(lambda: services.signals.heartbeats.latest() is not None, 60)
        assert worker.stop() == 0
    finally:
        worker.stop()
    assert services.signals.heartbeats.latest() is None
    assert '"worker_stopped"' in worker.output()
