"""What the accounts that do not exist look like: a stable profile of password cost, in the proportions of those that do
(rule S4).

An identifier that nobody has always costs the same kind of hash, chosen by its keyed digest, so that the time of an
answer tells nothing. The proportions are counted every ten minutes.
"""

import threading
from bisect import bisect_right
from datetime import datetime, timedelta
from itertools import accumulate

from idp.factors import store
from idp.foundation.clock import Clock
from idp.foundation.database import Database

_FRESH_FOR = timedelta(minutes=10)
_RANGE = 2**64


class Population:
    """The password profiles in use, and how common each is."""

    def __init__(self, database: Database, clock: Clock, *, usual: str) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._usual = usual
        self._counted_at: datetime | None = None
        self._profiles: tuple[str, ...] = (usual,)
        self._bounds: tuple[int, ...] = (1,)

    def profile_for(self, identifier: bytes) -> str:
        """Return the profile of an identifier's keyed digest; the same one until the proportions change."""
        self.refresh()
        profiles, bounds = self._profiles, self._bounds
        place = int.from_bytes(identifier[:8], "big") * bounds[-1] // _RANGE
        return profiles[bisect_right(bounds, place)]

    def refresh(self) -> None:
        """Count again when the last count is old. Called for every sign-in alike, so that counting tells nothing
        either.
        """
        if self._is_fresh() or not self._lock.acquire(blocking=False):
            return
        try:
            with self._database.read() as connection:
                counts = {str(profile): count for profile, count in connection.execute(store.PROFILES)} or {
                    self._usual: 1
                }
            self._profiles, self._bounds = tuple(counts), tuple(accumulate(counts.values()))
            self._counted_at = self._clock.now()
        finally:
            self._lock.release()

    def _is_fresh(self) -> bool:
        return self._counted_at is not None and self._clock.now() - self._counted_at < _FRESH_FOR
