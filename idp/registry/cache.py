"""The cache rule of the house (rule 6): cached values are trusted while one counter in the database stands still.

The counter is read at most every 500 ms by whichever thread comes first; if it cannot be read for a second the cache is
void and the caller gets ``RegistryUnavailable``. Elapsed time is measured by a monotonic timer, because a clock that
steps must not revive a cache.
"""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from idp.registry.errors import RegistryUnavailable

FRESH_SECONDS = 0.5
VOID_SECONDS = 1.0

Value = TypeVar("Value")


class VersionedCache(Generic[Value]):
    """Values by key, forgotten all together when the counter has moved."""

    def __init__(self, read_version: Callable[[], int], *, timer: Callable[[], float] = time.monotonic) -> None:
        self._read_version = read_version
        self._timer = timer
        self._version = -1
        self._entries: dict[str, Value] = {}
        self._confirmed_at = float("-inf")
        self._lock = threading.Lock()

    def get(self, key: str, load: Callable[[str], Value | None]) -> Value | None:
        """Return the cached value, else what ``load`` finds.

        What is not found is not cached: such keys come from strangers.
        """
        if self._timer() - self._confirmed_at >= FRESH_SECONDS:
            self._confirm()
        # Held before loading: if the counter moves meanwhile, the value lands in a dictionary already forgotten.
        entries = self._entries
        value = entries.get(key)
        if value is not None:
            return value
        try:
            value = load(key)
        except SQLAlchemyError as error:
            raise RegistryUnavailable("the registry cannot be read") from error
        if value is not None:
            entries[key] = value
        return value

    def forget(self) -> None:
        """Drop everything; the next look-up reads the counter again."""
        self._confirmed_at = float("-inf")
        self._entries = {}

    def _confirm(self) -> None:
        """Read the counter, one thread at a time; the others go on with a cache that is younger than a second."""
        is_void = self._timer() - self._confirmed_at >= VOID_SECONDS
        if not self._lock.acquire(timeout=VOID_SECONDS if is_void else 0):
            if is_void:
                raise RegistryUnavailable("the registry has not answered for a second")
            return
        try:
            self._read_counter()
        finally:
            self._lock.release()

    def _read_counter(self) -> None:
        started_at = self._timer()
        if started_at - self._confirmed_at < FRESH_SECONDS:
            return
        try:
            version = self._read_version()
        except SQLAlchemyError as error:
            if self._timer() - self._confirmed_at >= VOID_SECONDS:
                self._entries = {}
                raise RegistryUnavailable("the registry cannot be read") from error
            return
        if version != self._version:
            self._version, self._entries = version, {}
        self._confirmed_at = started_at
