"""How often requests may be pushed (RFC 9126 §2.3): so many a minute for each client and network, counted at each node.

Counted in memory, because a push that writes a counter as well would cost twice; what is pushed is gone after minutes,
so what a client can leave behind is bounded.
"""

import threading
from collections import Counter
from datetime import datetime, timedelta

from idp.foundation.clock import Clock

_MINUTE = timedelta(minutes=1)


class PushLimit:
    """The counters of one process, for the present minute."""

    def __init__(self, clock: Clock, *, pushes_per_minute: int) -> None:
        self._clock = clock
        self._most = pushes_per_minute
        self._lock = threading.Lock()
        self._minute = _minute_of(clock.now())
        self._counts: Counter[tuple[str, str]] = Counter()

    def charge(self, client_id: str, network: str) -> int:
        """Count a push. Returns 0, or for how many seconds not to push again."""
        now = self._clock.now()
        minute = _minute_of(now)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, Counter()
            self._counts[client_id, network] += 1
            is_too_often = self._counts[client_id, network] > self._most
        return max(1, round((minute + _MINUTE - now).total_seconds())) if is_too_often else 0


def _minute_of(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
