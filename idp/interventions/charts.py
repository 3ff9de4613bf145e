"""What the charts of the overview show: how people sign in, how passkeys fare, whose requests are refused. Each is one
statement over counts and tallies of five minutes; none reads the record.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from idp.audit import counts
from idp.audit.counts import WIDTH, bucket_of
from idp.audit.tallies import TOGETHER, Series, Tallied, tallies, tallies_of, totals
from idp.foundation.clock import Clock
from idp.foundation.columns import moment_of
from idp.foundation.database import Database
from idp.interventions.hunts import Outcomes

PASSKEY: Final = "passkey"


@dataclass(frozen=True, slots=True)
class MeansCount:
    """How many sign-ins used these means, all of them together."""

    means: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Calls:
    """How often clients were given tokens, and refused something, each by client."""

    tokens: Mapping[str, int]
    refused: Mapping[str, int]


class Charts:
    """Counts for charts, over a window that ends now."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def by_means(self, window: timedelta) -> list[MeansCount]:
        """Return how people signed in, the most usual way first."""
        counted = self._totals(window, "sign_in")
        return [MeansCount(tuple(label.split(TOGETHER)), count) for label, count in counted.most_common()]

    def passkeys(self, window: timedelta) -> list[Outcomes]:
        """Return the sign-ins by passkey of every five minutes, and the answers of passkeys refused, oldest first."""
        found: Counter[tuple[int, bool]] = Counter()
        for one in self._tallied(window, "sign_in", "passkey_refused"):
            if one.series == "passkey_refused" or PASSKEY in one.label.split(TOGETHER):
                found[one.bucket, one.series == "sign_in"] += one.count
        return _outcomes(found, *self._span(window))

    def refused_by_client(self, window: timedelta) -> Mapping[str, int]:
        """Return how many requests were refused in the name of each client that has any."""
        return self._totals(window, "refused")

    def calls_by_client(self, window: timedelta) -> Calls:
        """Return the same, and how many times each was given tokens; one statement for both."""
        with self._database.searching() as connection:
            counted = totals(connection, ("refused", "tokens"), self._span(window)[0])
        return Calls(counted["tokens"], counted["refused"])

    def by_action(self, window: timedelta) -> list[tuple[str, int]]:
        """Return how many events of each action there were, the most usual first."""
        with self._database.searching() as connection:
            return counts.totals(connection, self._span(window)[0]).most_common()

    def of_client(self, client_id: str, window: timedelta) -> list[Outcomes]:
        """Return how often a client was given tokens, and refused something, in every five minutes, oldest first."""
        first, last = self._span(window)
        found: Counter[tuple[int, bool]] = Counter()
        with self._database.searching() as connection:
            for one in tallies_of(connection, client_id, ("refused", "tokens"), first, last):
                found[one.bucket, one.series == "tokens"] += one.count
        return _outcomes(found, first, last)

    def _tallied(self, window: timedelta, *series: Series) -> list[Tallied]:
        with self._database.searching() as connection:
            return tallies(connection, series, self._span(window)[0])

    def _totals(self, window: timedelta, series: Series) -> Counter[str]:
        with self._database.searching() as connection:
            return totals(connection, [series], self._span(window)[0])[series]

    def _span(self, window: timedelta) -> tuple[int, int]:
        now = self._clock.now()
        return bucket_of(now - window) + 1, bucket_of(now)


def _outcomes(found: Mapping[tuple[int, bool], int], first: int, last: int) -> list[Outcomes]:
    """Return what went well and what was refused in each bucket; what is not there is none."""
    return [
        Outcomes(moment_of(place * WIDTH), found.get((place, True), 0), found.get((place, False), 0))
        for place in range(first, last + 1)
    ]
