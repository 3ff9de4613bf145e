"""The loop of ``idp worker``: look for due lanes four times a second, show a sign of life, run the jobs that are due,
seal the audit record.

A database that goes away is waited for, and so is a clock that is wrong. Any number of workers may run; leases keep
them from delivering the same message at once.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence

from idp.foundation.logging import get_logger
from idp.jobs.clock_guard import ClockGuard
from idp.jobs.deliver import THREADS, Deliverer
from idp.jobs.job import Job
from idp.jobs.schedule import JOBS, Schedule
from idp.jobs.witness import publish
from idp.notices.values import LANES
from idp.notices.values import MESSAGE_KIND as NOTICE
from idp.sessions.termination import MESSAGE_KIND
from idp.signals.heartbeat import INTERVAL
from idp.signals.ssf.values import MESSAGE_KIND as SECURITY_EVENT
from idp.wiring import Services

POLL_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_log = get_logger(__name__)


class Worker:
    """Delivers and does the chores of one deployment."""

    def __init__(self, services: Services, *, jobs: Sequence[Job] = JOBS, threads: int = THREADS) -> None:
        self._services = services
        self._name = f"{socket.gethostname()}:{os.getpid()}"[:120]
        self._heartbeats = services.signals.heartbeats
        routes = {
            MESSAGE_KIND: services.signals.attempt_logout,
            SECURITY_EVENT: services.transmitter.push.attempt,
            NOTICE: services.notices.attempt,
        }
        # However long a mail server takes, most threads stay free for departments.
        limits = {LANES: max(threads // 4, 1)}
        self._deliverer = Deliverer(services.outbox, routes, threads=threads, limits=limits)
        self._schedule = Schedule(jobs)
        self._clock = ClockGuard(services)
        self._beat_at = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; what is under way then is finished."""
        _log.info("worker_started", worker=self._name)
        chores = [self._start(stop, self._run_jobs), self._start(stop, self._seal)]
        try:
            self._repeat(stop, self._step, POLL_SECONDS)
        finally:
            self._deliverer.stop()
            for chore in chores:
                chore.join(timeout=_LONGEST_PAUSE_SECONDS)
            self._leave()
        _log.info("worker_stopped", worker=self._name)

    def _step(self) -> None:
        self._beat()
        self._deliverer.start_due_lanes()

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._beat_at >= INTERVAL.total_seconds():
            self._heartbeats.beat(self._name)
            self._beat_at = now

    def _start(self, stop: threading.Event, chore: Callable[[], None]) -> threading.Thread:
        """Start a thread that does a chore every second."""
        thread = threading.Thread(target=self._repeat, args=(stop, chore, 1.0), name=chore.__name__, daemon=True)
        thread.start()
        return thread

    def _seal(self) -> None:
        """Seal the audit record; not among the jobs, because checkpoints must not wait for a long purge."""
        self._services.sealer.run(lambda note: publish(self._services, note))

    def _run_jobs(self) -> None:
        for job in self._schedule.take_due():
            try:
                count = job.run(self._services)
            except Exception:  # noqa: BLE001 - one job must not keep the others from running
                _log.exception("job_failed", job=job.name)
                continue
            if count:
                _log.info("job_done", job=job.name, count=count)

    def _repeat(self, stop: threading.Event, step: Callable[[], None], pause: float) -> None:
        """Repeat a step; after a failure wait longer each time, up to five seconds."""
        wait = pause
        while not stop.is_set():
            try:
                if self._clock.is_right():
                    step()
                wait = pause
            except Exception as error:  # noqa: BLE001 - whatever it is, deliveries go on when it is over
                _log.warning("worker_waits", step=step.__name__, error_type=type(error).__name__)
                wait = min(wait * 2, _LONGEST_PAUSE_SECONDS)
            stop.wait(wait)

    def _leave(self) -> None:
        try:
            self._services.sealer.release()
            self._heartbeats.leave(self._name)
        except Exception as error:  # noqa: BLE001 - the end is not the time for another failure
            _log.warning("worker_left_silently", error_type=type(error).__name__)
