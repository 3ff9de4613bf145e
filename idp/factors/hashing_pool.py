"""The bounded pool of password hashing (rule S5): a login storm waits here, briefly and in the open, and never starves
tokens.

A place is reserved before anything is looked up; who gets none within 50 ms is told when to come back. Each identifier
has one hash in flight. A few threads of the pool's own do the work, behind all others: the library releases the
interpreter while it hashes.
"""

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from idp.foundation.large_pages import ask_for_large_pages
from idp.foundation.scheduling import give_way, usable_cores

T = TypeVar("T")

_PATIENCE_SECONDS = 0.05
_FIRST_ESTIMATE_SECONDS = 0.05
_WEIGHT_OF_LATEST = 0.1
_BESIDE_THE_HASH = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Busy:
    """There is no place. Come back after ``retry_after`` seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How busy the pool is: places taken, seconds of one hash, and how many were told to come back since the start."""

    taken: int
    seconds: float
    refused: int


class Place:
    """A reserved place; leaving the ``with`` block gives it back."""

    def __init__(self, pool: "HashingPool", identifier: bytes) -> None:
        self._pool = pool
        self._identifier = identifier

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._pool.give_back(self._identifier)

    def run(self, work: Callable[[], T]) -> T:
        """Do the work in the next free slot."""
        return self._pool.run(work)


class HashingPool:
    """Slots that hash at once, and places that may hash or wait for a slot.

    ``slots`` 0 means one for each core of this process. ``places`` bounds how many request threads password hashing can
    hold at once: at most half of those there are. ``queue_seconds`` is the longest wait that a newcomer may expect,
    ``memory_kib`` what a hash works in.
    """

    def __init__(
        self, *, slots: int = 0, queue_seconds: float = 2.0, places: int = 16, memory_kib: int = 19_456
    ) -> None:
        self._slots = slots or usable_cores()
        self._queue_seconds = queue_seconds
        self._places = places
        # Threads of its own, made at the first hash: each thread that ever hashed keeps its block of memory.
        self._hashers = ThreadPoolExecutor(
            self._slots, thread_name_prefix="hashing", initializer=_settle, initargs=(memory_kib * 1024,)
        )
        self._changed = threading.Condition()
        self._in_flight: set[bytes] = set()
        self._mean_seconds = _FIRST_ESTIMATE_SECONDS
        self._refused = 0

    def reserve(self, identifier: bytes) -> Place | Busy:
        """Reserve a place for one identifier, waiting at most 50 ms for it."""
        deadline = time.perf_counter() + _PATIENCE_SECONDS
        with self._changed:
            while self._is_full() or identifier in self._in_flight:
                patience = deadline - time.perf_counter()
                if patience <= 0:
                    self._refused += 1
                    return Busy(max(1, math.ceil(self._estimated_wait())))
                self._changed.wait(patience)
            self._in_flight.add(identifier)
        return Place(self, identifier)

    def give_back(self, identifier: bytes) -> None:
        """Free the place of an identifier."""
        with self._changed:
            self._in_flight.discard(identifier)
            self._changed.notify_all()

    def run(self, work: Callable[[], T]) -> T:
        """Do the work in a slot, and learn how long such work takes."""
        return self._hashers.submit(self._timed, work).result()

    def occupancy(self) -> Occupancy:
        """Return how busy the pool is."""
        with self._changed:
            return Occupancy(len(self._in_flight), self._mean_seconds, self._refused)

    def _timed(self, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        try:
            return work()
        finally:
            self._learn(time.perf_counter() - started)

    def _is_full(self) -> bool:
        return len(self._in_flight) >= self._places or self._estimated_wait() > self._queue_seconds

    def _estimated_wait(self) -> float:
        """Return the seconds that a newcomer would wait for a slot."""
        ahead = len(self._in_flight) - self._slots + 1
        return max(0, ahead) * self._mean_seconds / self._slots

    def _learn(self, seconds: float) -> None:
        with self._changed:
            self._mean_seconds += (seconds - self._mean_seconds) * _WEIGHT_OF_LATEST


def _settle(memory: int) -> None:
    give_way()
    # A little more than the hash itself, which the library may ask for in a block of its own.
    ask_for_large_pages(memory + _BESIDE_THE_HASH)
