"""What entries stopped, for the record: in each minute one event for each kind of entry."""

from collections import Counter
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from idp.audit.minute_counts import MinuteCounts
from idp.audit.service import Audit
from idp.blocks.events import BlocksRefused
from idp.blocks.values import Entry
from idp.foundation.clock import Clock

_MOST_NAMED: Final = 10

OfKind = tuple[str, UUID]


class Refusals(MinuteCounts[OfKind]):
    """The refusals of one process, by kind and entry."""

    def __init__(self, clock: Clock, audit: Audit) -> None:
        super().__init__(clock, audit, _events_of)

    def count_by(self, entry: Entry) -> None:
        """Count a refusal by an entry."""
        self.count((entry.kind, entry.id))


def _events_of(minute: str, counts: Counter[OfKind]) -> Iterator[BlocksRefused]:
    for kind in sorted({kind for kind, _ in counts}):
        by_entry = Counter({str(entry_id): count for (of_kind, entry_id), count in counts.items() if of_kind == kind})
        named = tuple(entry_id for entry_id, _ in by_entry.most_common(_MOST_NAMED))
        yield BlocksRefused(kind=kind, count=by_entry.total(), minute=minute, entries=named)
