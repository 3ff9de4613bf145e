"""Counts of calls that write no row of their own (rule A3; RFC 6749 §4.4, RFC 7662), and of requests that were refused
in a client's name: for each client and minute, one audit event.

A minute is recorded soon after it by the thread that follows the lists, or when the next call comes, and at shutdown; a
crash loses at most the counts of a minute, never an event. It belongs to no request, whichever came by; what cannot be
recorded is counted as of the present minute.
"""

import threading
from collections import Counter
from contextvars import Context
from datetime import datetime
from http import HTTPStatus
from typing import Final

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.protocol.events import CallsCounted
from idp.protocol.messages import Answer

# Answers that a client without any fault gets: a device still waits (RFC 8628 §3.5), a proof wants a nonce (RFC 9449
# §8), we are busy.
_NO_FAULTS: Final = (b'"authorization_pending"', b'"slow_down"', b'"use_dpop_nonce"', b'"temporarily_unavailable"')


def is_fault(answer: Answer) -> bool:
    """Tell whether an answer refuses a request for what the client did, or what it is (RFC 6749 §5.2)."""
    is_refusal = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_refusal and not any(error in answer.body for error in _NO_FAULTS)


class Tally:
    """Counters of one process."""

    def __init__(self, clock: Clock, audit: Audit) -> None:
        self._clock = clock
        self._audit = audit
        self._lock = threading.Lock()
        self._minute = clock.now().replace(second=0, microsecond=0)
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, call: str, client_id: str) -> None:
        """Count a call; the first one of a new minute records the one before."""
        self.flush_before()
        with self._lock:
            self._counts[call, client_id] += 1

    def flush_before(self) -> None:
        """Record the minute before, if nobody has yet."""
        minute = self._now()
        with self._lock:
            finished = self._take(minute) if minute != self._minute else None
        if finished:
            self._record(*finished)

    def flush(self) -> None:
        """Record what has been counted so far."""
        with self._lock:
            finished = self._take(self._now())
        self._record(*finished)

    def _now(self) -> datetime:
        return self._clock.now().replace(second=0, microsecond=0)

    def _take(self, minute: datetime) -> tuple[datetime, Counter[tuple[str, str]]]:
        finished = self._minute, self._counts
        self._minute, self._counts = minute, Counter()
        return finished

    def _record(self, minute: datetime, counts: Counter[tuple[str, str]]) -> None:
        if not counts:
            return
        events = [
            CallsCounted(
                actor=f"client:{client_id}", client_id=client_id, call=call, count=count, minute=minute.isoformat()
            )
            for (call, client_id), count in sorted(counts.items())
        ]
        try:
            Context().run(self._audit.record, *events)
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise
