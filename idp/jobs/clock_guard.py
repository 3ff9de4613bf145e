"""Whether this worker's clock may be believed (rule O5). Under one that is days ahead, what is good would be purged as
expired, keys would be replaced, and letters and tokens would carry times that nobody accepts.

The database's clock is the measure, as it is for readiness. Where there is one clock only, with SQLite, or one that may
be set, in development, nothing is compared.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from idp.foundation.logging import get_logger
from idp.signals.readiness import LARGEST_DRIFT
from idp.wiring import Services

_ASKED_EVERY_SECONDS: Final = 1.0
_log = get_logger(__name__)


class ClockGuard:
    """Compares the clocks, for all threads of a worker, once a second."""

    def __init__(self, services: Services, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._timer = timer
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._is_right = True

    def is_right(self) -> bool:
        """Tell whether the worker may work; it does nothing until its clock is right again."""
        if self._services.settings.is_development:
            return True
        with self._lock:
            if self._timer() - self._asked_at >= _ASKED_EVERY_SECONDS:
                self._is_right = self._look()
                self._asked_at = self._timer()
            return self._is_right

    def _look(self) -> bool:
        drift = self._services.signals.clock_drift()
        if drift is None or drift <= LARGEST_DRIFT:
            return True
        if self._is_right:
            _log.error("worker_clock_wrong", seconds=round(drift.total_seconds(), 3))
        return False
