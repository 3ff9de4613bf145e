"""Carries messages from the outbox to their destinations (rule P12; Back-Channel Logout 1.0 §2.5).

One thread serves a lane at a time, so the messages of a destination go out in order; lanes run side by side, so a
destination that hangs holds up nobody but itself. Lanes whose last attempt failed may take at most half of the threads,
and lanes that end at one machine, as all e-mail does, no more than their limit.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType

from idp.foundation.logging import get_logger
from idp.foundation.outbox import MOST_ATTEMPTS, Attempt, Message, Outbox

THREADS = 16
_log = get_logger(__name__)

Deliver = Callable[[Message], Attempt]


class Deliverer:
    """Runs the lanes of one worker. ``routes`` says who delivers which kind of message, ``limits`` how many lanes that
    begin alike may run at once.
    """

    def __init__(
        self,
        outbox: Outbox,
        routes: Mapping[str, Deliver],
        *,
        threads: int = THREADS,
        limits: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._outbox = outbox
        self._routes = routes
        self._limits = limits
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="deliver")
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._failing: set[str] = set()
        self._stopping = threading.Event()

    def start_due_lanes(self) -> int:
        """Start every lane that is due and for which there is a thread. Returns how many were started."""
        started = 0
        with self._lock:
            full = self._full()
        for lane in self._outbox.waiting_lanes(without=full):
            if self._stopping.is_set():
                break
            if self._admit(lane):
                self._pool.submit(self._run, lane)
                started += 1
        return started

    def is_idle(self) -> bool:
        """Tell whether no lane is running."""
        with self._lock:
            return not self._running

    def stop(self) -> None:
        """Let attempts under way end, begin no new one, and return when all threads are done."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _admit(self, lane: str) -> bool:
        with self._lock:
            if lane in self._running or len(self._running) >= self._threads:
                return False
            if lane.startswith(self._full()):
                return False
            if lane in self._failing and len(self._running & self._failing) >= self._threads // 2:
                return False
            self._running.add(lane)
            return True

    def _full(self) -> tuple[str, ...]:
        """Return the beginnings of which no further lane may run; the lock is held."""
        return tuple(
            prefix
            for prefix, most in self._limits.items()
            if sum(lane.startswith(prefix) for lane in self._running) >= most
        )

    def _run(self, lane: str) -> None:
        """Deliver the messages of a lane until one fails or none is left."""
        try:
            while not self._stopping.is_set():
                message = self._outbox.claim(lane)
                if message is None or not self._deliver(message):
                    return
        except Exception:  # noqa: BLE001 - a lane must not end its thread
            # The lease of a message that was claimed runs out, and somebody delivers it again.
            _log.exception("lane_broke_off", lane=lane)
        finally:
            with self._lock:
                self._running.discard(lane)

    def _deliver(self, message: Message) -> bool:
        """Make one attempt and record it. Returns whether the lane may go on at once."""
        attempt = self._attempt(message)
        if attempt.result == "held":
            with self._lock:
                self._failing.discard(message.lane)
            return False
        # Given up at once when trying again cannot help; the outbox counts attempts to know when to give up.
        settled = replace(message, attempts=MOST_ATTEMPTS) if attempt.result == "hopeless" else message
        self._outbox.settle(settled, attempt.error)
        is_dead = attempt.result != "delivered" and settled.attempts >= MOST_ATTEMPTS
        self._note(message, attempt, is_dead=is_dead)
        with self._lock:
            if attempt.result == "delivered":
                self._failing.discard(message.lane)
            else:
                self._failing.add(message.lane)
        return attempt.result == "delivered" or is_dead

    def _attempt(self, message: Message) -> Attempt:
        deliver = self._routes.get(message.kind)
        if deliver is None:
            return Attempt("retry", f"this worker does not know messages of the kind {message.kind}")
        try:
            return deliver(message)
        except Exception as error:  # noqa: BLE001 - recorded as a failed attempt
            _log.exception("delivery_broke_off", lane=message.lane, kind=message.kind)
            return Attempt("retry", f"the delivery broke off ({type(error).__name__})")

    def _note(self, message: Message, attempt: Attempt, *, is_dead: bool) -> None:
        facts = {"lane": message.lane, "kind": message.kind, "message": str(message.id), "attempt": message.attempts}
        if attempt.result == "delivered":
            _log.info("delivered", **facts)
        elif is_dead:
            _log.error("delivery_given_up", **facts, reason=attempt.error)
        else:
            _log.warning("delivery_failed", **facts, reason=attempt.error)
