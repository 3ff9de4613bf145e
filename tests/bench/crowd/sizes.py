"""How many rows there are of each kind: the figures of a whole country, and a smaller set for a developer's machine."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many accounts, sessions and audit events."""

    accounts: int
    sessions: int
    events: int

    def __str__(self) -> str:
        """Return the sizes as a person reads them."""
        return f"{self.accounts:,} accounts, {self.sessions:,} sessions, {self.events:,} audit events"


FULL: Final = Sizes(10_000_000, 2_000_000, 20_000_000)
SMALL: Final = Sizes(1_000_000, 300_000, 2_000_000)
SITES: Final = 200
"""How many sites are registered. The first is everybody's, the later ones fewer people's."""

BYTES_PER_ROW: Final = Sizes(1_600, 2_600, 1_000)
"""What a row takes with all that hangs on it, with its indexes and the log it leaves while it is written."""


def bytes_needed(sizes: Sizes) -> int:
    """Return how much room a crowd takes, with some to spare."""
    each = BYTES_PER_ROW
    return sizes.accounts * each.accounts + sizes.sessions * each.sessions + sizes.events * each.events
