"""A value fetched from the provider and kept for a while, fetched by one thread however many ask for it.

A failure is remembered for a moment too: with the provider down, a hundred waiting visitors must not each wait for
their own time-out in turn.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from rp_kit.errors import ProviderUnreachable

_FAILURE_KEPT_SECONDS = 2.0

Value = TypeVar("Value")


class SingleFlight(Generic[Value]):
    """Holds one value of ``fetch``, which returns it with the seconds it may be kept."""

    def __init__(self, fetch: Callable[[], tuple[Value, float]], now: Callable[[], float]) -> None:
        """Fetch nothing yet: a site must start while its provider is down."""
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._value: Value | None = None
        self._good_until = 0.0
        self._failure: ProviderUnreachable | None = None
        self._failed_until = 0.0

    def get(self) -> Value:
        """Return the value, fetched again when its time is over. Raises ProviderUnreachable."""
        value = self._value
        if value is not None and self._now() < self._good_until:
            return value
        with self._lock:
            if self._value is not None and self._now() < self._good_until:
                return self._value
            return self._renew()

    def newer_than(self, seen: Value) -> Value:
        """Return a value fetched after the one seen; whoever comes second takes what the first one fetched."""
        with self._lock:
            if self._value is not None and self._value is not seen:
                return self._value
            return self._renew()

    def _renew(self) -> Value:
        if self._failure is not None and self._now() < self._failed_until:
            raise ProviderUnreachable(str(self._failure))
        try:
            value, keep_seconds = self._fetch()
        except ProviderUnreachable as failure:
            self._failure, self._failed_until = failure, self._now() + _FAILURE_KEPT_SECONDS
            raise
        self._value, self._good_until, self._failure = value, self._now() + keep_seconds, None
        return value
