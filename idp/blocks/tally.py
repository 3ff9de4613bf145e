"""Counts of what was stopped: a flood must not fill the record, so that a minute of a kind is one audit event.

A minute is recorded by the follower of the lists soon after it, else by the next sign-in that is stopped, and what is
left at shutdown; a crash loses at most the counts of a minute. It belongs to no request, whichever came by. What cannot
be recorded is counted as of the present minute, so that it is tried again when that is over, and not by everybody who
is stopped until then.
"""

import threading
from collections import Counter
from contextvars import Context
from datetime import datetime
from typing import Final
from uuid import UUID

from idp.audit.service import Audit
from idp.blocks.events import BlocksRefused
from idp.blocks.values import Entry
from idp.foundation.clock import Clock

_MOST_NAMED: Final = 10

Counts = dict[tuple[datetime, str], Counter[UUID]]


class Refusals:
    """The counters of one process."""

    def __init__(self, clock: Clock, audit: Audit) -> None:
        self._clock = clock
        self._audit = audit
        self._lock = threading.Lock()
        self._counts: Counts = {}

    def count(self, entry: Entry) -> None:
        """Count a refusal. Writes nothing: the transaction under way may be about to roll back."""
        with self._lock:
            self._counts.setdefault((self._now(), entry.kind), Counter())[entry.id] += 1

    def flush_before(self) -> None:
        """Record the counts of minutes that are over. Call it outside of transactions. Raises DatabaseFailure."""
        now = self._now()
        with self._lock:
            finished = {key: self._counts.pop(key) for key in sorted(self._counts) if key[0] < now}
        self._record_or_keep(finished)

    def flush(self) -> None:
        """Record what has been counted so far. Raises DatabaseFailure."""
        with self._lock:
            finished, self._counts = self._counts, {}
        self._record_or_keep(finished)

    def _record_or_keep(self, finished: Counts) -> None:
        if not finished:
            return
        try:
            Context().run(self._record, finished)
        except BaseException:
            with self._lock:
                for (_, kind), counts in finished.items():
                    self._counts.setdefault((self._now(), kind), Counter()).update(counts)
            raise

    def _now(self) -> datetime:
        return self._clock.now().replace(second=0, microsecond=0)

    def _record(self, counts: Counts) -> None:
        self._audit.record(
            *(
                BlocksRefused(
                    kind=kind,
                    count=by_entry.total(),
                    minute=minute.isoformat(),
                    entries=tuple(str(entry_id) for entry_id, _ in by_entry.most_common(_MOST_NAMED)),
                )
                for (minute, kind), by_entry in counts.items()
            )
        )
