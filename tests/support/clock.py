"""Clocks for tests: one that stands still, and one that runs but can be moved."""

import threading
from datetime import UTC, datetime, timedelta

# A Monday morning in Beijing, during office hours. Tests may rely on it.
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class FrozenClock:
    """Stands still until it is moved. Safe to share between the threads of a live server."""

    def __init__(self, start: datetime = START) -> None:
        self._lock = threading.Lock()
        self._now = start

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, seconds: float = 0, **parts: float) -> None:
        """Move on by seconds, or by any parts that timedelta knows: ``advance(minutes=11)``, ``advance(-5)``."""
        with self._lock:
            self._now += timedelta(seconds=seconds, **parts)

    def set(self, moment: datetime) -> None:
        with self._lock:
            self._now = moment


class RunningClock(FrozenClock):
    """The machine's time, moved by what was advanced: for tests in which browsers and sites with clocks of their own
    take part.
    """

    def __init__(self) -> None:
        super().__init__()
        self._offset = timedelta(0)

    def now(self) -> datetime:
        with self._lock:
            return datetime.now(UTC) + self._offset

    def advance(self, seconds: float = 0, **parts: float) -> None:
        with self._lock:
            self._offset += timedelta(seconds=seconds, **parts)

    def set(self, moment: datetime) -> None:
        with self._lock:
            self._offset = moment - datetime.now(UTC)
