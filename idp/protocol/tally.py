"""Counts of calls that write no row of their own (rule A3; RFC 6749 §4.4, RFC 7662): for each client and minute, one
audit event.

A minute is recorded when the next call after it comes, and at shutdown; a crash loses at most the counts of a minute,
never an event.
"""

import threading
from collections import Counter
from datetime import datetime

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.protocol.events import CallsCounted


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
        now = self._clock.now()
        minute = now.replace(second=0, microsecond=0)
        with self._lock:
            finished = self._take(minute) if minute != self._minute else None
            self._counts[call, client_id] += 1
        if finished:
            self._record(*finished)

    def flush(self) -> None:
        """Record what has been counted so far."""
        with self._lock:
            finished = self._take(self._clock.now().replace(second=0, microsecond=0))
        self._record(*finished)

    def _take(self, minute: datetime) -> tuple[datetime, Counter[tuple[str, str]]]:
        finished = self._minute, self._counts
        self._minute, self._counts = minute, Counter()
        return finished

    def _record(self, minute: datetime, counts: Counter[tuple[str, str]]) -> None:
        if counts:
            self._audit.record(
                *(
                    CallsCounted(
                        actor=f"client:{client_id}",
                        client_id=client_id,
                        call=call,
                        count=count,
                        minute=minute.isoformat(),
                    )
                    for (call, client_id), count in sorted(counts.items())
                )
            )
