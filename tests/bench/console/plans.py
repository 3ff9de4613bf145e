"""How PostgreSQL carried out the statements that a request really sent, as its own `auto_explain` wrote it down.

Asking EXPLAIN afterwards would show another plan: what is prepared with a generic plan is planned without its values.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.bench.servers.cluster import Cluster
from tests.bench.servers.provider import DATABASE

LARGE: Final = frozenset(
    {
        "account",
        "account_lookup",
        "audit_detail",
        "audit_event",
        "authorization_grant",
        "client_session",
        "consent",
        "natural_person",
        "op_session",
        "outbox_message",
        "refresh_family",
        "subject",
        "travel",
    }
)
"""The tables that no request may read through."""
SETTINGS: Final = {
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
}
_ENTRY: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^\n]*?LOG:  duration: ([\d.]+) ms  plan:\n", re.MULTILINE)
_STAMP: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.MULTILINE)
_SEQUENTIAL: Final = re.compile(r"Seq Scan on (?:public\.)?(\w+)")
_THROWN_AWAY: Final = re.compile(r"Rows Removed by \w[\w ]*: (\d+)")
_SETTLING_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement as it was carried out."""

    milliseconds: float
    text: str

    @property
    def statement(self) -> str:
        """Return the statement on one line."""
        return re.sub(r"\s+", " ", self.text.partition("Query Text: ")[2].partition("\n  ")[0])

    @property
    def read_through(self) -> frozenset[str]:
        """Return the large tables that were read through."""
        return LARGE.intersection(_SEQUENTIAL.findall(self.text))

    @property
    def thrown_away(self) -> int:
        """Return how many rows were read in vain, at most, by one step."""
        return max(map(int, _THROWN_AWAY.findall(self.text)), default=0)

    def is_list_of(self, table: str) -> bool:
        """Tell whether this statement finds the lines of a list from a table."""
        return f"FROM {table} " in self.statement and "LIMIT" in self.statement


class Plans:
    """Reads the log of a cluster from where it was last read."""

    def __init__(self, cluster: Cluster) -> None:
        self._log = cluster.log
        self._position = self._log.stat().st_size

    def taken(self) -> list[Plan]:
        """Return what has been carried out since this was last asked."""
        time.sleep(_SETTLING_SECONDS)
        with self._log.open("rb") as log:
            log.seek(self._position)
            text = log.read().decode("utf-8", "replace")
            self._position = log.tell()
        return list(_plans(text))


def _plans(text: str) -> Iterator[Plan]:
    for entry in _ENTRY.finditer(text):
        following = _STAMP.search(text, entry.end())
        yield Plan(float(entry.group(1)), text[entry.end() : following.start() if following else len(text)])


@contextmanager
def writing_plans(cluster: Cluster) -> Iterator[Plans]:
    """Have every new connection to the deployment's database write its plans down."""
    for name, value in SETTINGS.items():
        cluster.execute(f"ALTER DATABASE {DATABASE} SET {name} TO '{value}'")
    try:
        yield Plans(cluster)
    finally:
        for name in SETTINGS:
            cluster.execute(f"ALTER DATABASE {DATABASE} RESET {name}")
