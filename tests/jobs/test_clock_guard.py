"""A worker whose clock is wrong does nothing that could not be undone, and goes on by itself (rule O5)."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from idp.jobs import purge
from idp.jobs.worker import Worker
from tests.support.clock import RunningClock
from tests.support.workers import wait_for


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
def setting_changes() -> dict[str, str]:
    return {"IDP_ENVIRONMENT": "sandbox", "IDP_ISSUER": "https://id.gov.example"}


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("days", [400, -400])
def test_a_worker_waits_until_its_clock_is_right(services: Any, clock: RunningClock, days: int):
    """What is spent for an hour would be purged by a clock that is ahead, and could be used again."""
    until = clock.now() + timedelta(hours=1)
    assert services.throttle.spend(b"k" * 32, until)
    clock.advance(days=days)
    worker, stop = Worker(services, jobs=purge.JOBS, threads=2), threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    with capture_logs() as logs:
        thread.start()
        try:
            wait_for(lambda: "worker_clock_wrong" in [log["event"] for log in logs])
            # Nothing is to happen, so there is nothing to wait for but some of its rounds.
            time.sleep(2)
            assert services.signals.heartbeats.latest() is None
            assert not services.throttle.spend(b"k" * 32, until)
            clock.advance(days=-days)
            wait_for(lambda: services.signals.heartbeats.latest() is not None)
        finally:
            stop.set()
            thread.join(30)
    assert [log["event"] for log in logs].count("worker_clock_wrong") == 1
    assert not services.throttle.spend(b"k" * 32, until)
