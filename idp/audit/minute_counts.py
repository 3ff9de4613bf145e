"""Counts of what happens too often for an event each, so that a flood does not fill the record (rule A3). They are of
one process, and recorded minute by minute.

A minute is recorded by the follower of the lists soon after it, else when something else is counted, and what is left
at shutdown; a crash loses at most the counts of a minute. It belongs to no request, whichever came by. What cannot be
recorded is counted as of the present minute, so that it is tried again when that is over, and not by everybody who
comes until then.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from contextvars import Context
from datetime import datetime
from typing import Generic, TypeVar

from idp.audit.events import Event
from idp.audit.service import Audit
from idp.foundation.clock import Clock

K = TypeVar("K", bound=Hashable)


class MinuteCounts(Generic[K]):
    """Counters by key. ``events_of`` makes the events of a minute, told by its beginning (ISO 8601), of its counts."""

    def __init__(self, clock: Clock, audit: Audit, events_of: Callable[[str, Counter[K]], Iterable[Event]]) -> None:
        self._clock = clock
        self._audit = audit
        self._events_of = events_of
        self._lock = threading.Lock()
        self._minutes: dict[datetime, Counter[K]] = {}

    def count(self, key: K) -> None:
        """Count once. Writes nothing: a transaction under way may be about to roll back."""
        with self._lock:
            self._present()[key] += 1

    def flush_before(self) -> None:
        """Record the minutes that are over. Call it outside of transactions. Raises DatabaseFailure."""
        now = self._now()
        with self._lock:
            over = {minute: self._minutes.pop(minute) for minute in sorted(self._minutes) if minute < now}
        self._record_or_keep(over)

    def flush(self) -> None:
        """Record what has been counted so far. Raises DatabaseFailure."""
        with self._lock:
            counted, self._minutes = self._minutes, {}
        self._record_or_keep(counted)

    def _record_or_keep(self, minutes: dict[datetime, Counter[K]]) -> None:
        if not minutes:
            return
        events = [event for minute, counts in minutes.items() for event in self._events_of(minute.isoformat(), counts)]
        try:
            Context().run(self._audit.record, *events)
        except BaseException:
            with self._lock:
                for counts in minutes.values():
                    self._present().update(counts)
            raise

    def _present(self) -> Counter[K]:
        return self._minutes.setdefault(self._now(), Counter())

    def _now(self) -> datetime:
        return self._clock.now().replace(second=0, microsecond=0)
