"""``Networks``: loading a table in the place of the one before, and telling where a network is."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from idp.audit.details import Whereabouts
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.networks.errors import NetworkLineRefused, NetworkLoadRefused
from idp.networks.ranges import Place, Range, Table
from idp.networks.reader import lines_of
from idp.networks.store import NetworkStore

_BATCH: Final = 5000
_READ_AT_ONCE: Final = 20_000
_FRESH_FOR: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The load in force."""

    file_name: str
    ranges: int
    loaded_at: datetime


class Networks:
    """The table of networks of this deployment. Thread-safe; each process holds the load in force in memory."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._database = database
        self._store = NetworkStore(database)
        self._lock = threading.Lock()
        self._table = Table()
        self._load_id: UUID | None = None
        self._reading: UUID | None = None
        self._asked_at: datetime | None = None

    def load(
        self,
        texts: Iterable[str],
        file_name: str,
        *,
        on_bad_line: Callable[[int, str], None],
        skip_bad_lines: bool = False,
    ) -> Loaded:
        """Put the table of these lines into force, all at once, and forget the one before.

        Bad lines are told one by one, and nothing changes unless they are to be skipped. Whoever is interrupted has
        changed nothing and starts again. Raises NetworkLoadRefused.
        """
        self._store.drop_idle()
        load_id = self._entropy.uuid7()
        taken, bad = self._take_in(load_id, texts, on_bad_line)
        if not taken or (bad and not skip_bad_lines):
            self._store.drop_idle()
            raise NetworkLoadRefused(f"{bad} lines are wrong and {taken} are right; the table stays as it was")
        loaded = Loaded(file_name[-255:], taken, self._clock.now())
        values = {"file_name": loaded.file_name, "ranges": loaded.ranges, "loaded_at": loaded.loaded_at}
        with self._database.transaction():
            if self._store.put_in_force(load_id, values) != taken:
                raise NetworkLoadRefused("another load was going on at the same time; the table stays as it was")
        self._store.drop_idle()
        self._asked_at = None
        return loaded

    def _take_in(self, load_id: UUID, texts: Iterable[str], on_bad_line: Callable[[int, str], None]) -> tuple[int, int]:
        seen: set[tuple[int, int, int]] = set()
        waiting: list[Range] = []
        bad = 0
        for number, line in lines_of(texts):
            key = None if isinstance(line, NetworkLineRefused) else (line.family, line.first, line.last)
            if isinstance(line, NetworkLineRefused) or key in seen:
                bad += 1
                on_bad_line(number, str(line) if isinstance(line, NetworkLineRefused) else "network stood there before")
                continue
            seen.add((line.family, line.first, line.last))
            waiting.append(line)
            if len(waiting) >= _BATCH:
                self._store.add(load_id, waiting)
                waiting.clear()
        if waiting:
            self._store.add(load_id, waiting)
        return len(seen), bad

    def status(self) -> Loaded | None:
        """Return the load in force, None if none was ever put there."""
        found = self._store.in_force()
        return None if found is None else Loaded(found.file_name, found.ranges, found.loaded_at)

    def is_known(self) -> bool:
        """Tell whether there is a table that could know a place."""
        return not self._current().is_empty

    def is_up_to_date(self) -> bool:
        """Tell whether this process holds what is in force, asking the database now. What it does not hold yet it
        begins to read: whoever may not go on with the table before asks again.
        """
        with self._lock:
            return self._look(self._clock.now()) == self._load_id

    def place_of(self, network: str | None) -> Place | None:
        """Return where a network is, as sessions and events name it; None if the table does not know it."""
        return None if network is None else self._current().place_of(network)

    def whereabouts(self, network: str) -> Whereabouts | None:
        """Return the same as the audit record keeps it."""
        place = self.place_of(network)
        return None if place is None else Whereabouts(place.region_key, place.operator_key)

    def operator_of(self, address: str) -> str | None:
        """Return the autonomous system that runs an address, as ``AS4134``; None if the table does not say."""
        place = self._current().place_of(address)
        return None if place is None or place.asn is None else f"AS{place.asn}"

    def knows_operator(self, name: str) -> bool:
        """Tell whether the table has a network of this autonomous system."""
        return name in self._current().operators_called(name)

    @property
    def is_loaded(self) -> bool:
        """Tell whether there is a table to look at, without asking the database more than once a minute."""
        self._current()
        return self._load_id is not None

    def regions_called(self, text: str) -> frozenset[str]:
        """Return by which keys sessions and events of a region are found: those that the table has for this name, else
        the text itself, because an earlier table may have had it.
        """
        return self._current().regions_called(text) or frozenset({text})

    def operators_called(self, text: str) -> frozenset[str]:
        """Return the same for whoever runs a network, by name or number."""
        return self._current().operators_called(text) or frozenset({text})

    def _current(self) -> Table:
        """Return the table in force, asked for at most once a minute; who comes meanwhile gets the one before."""
        now = self._clock.now()
        if self._asked_at is not None and now - self._asked_at < _FRESH_FOR:
            return self._table
        if self._lock.acquire(blocking=False):
            try:
                self._look(now)
            finally:
                self._lock.release()
        return self._table

    def _look(self, now: datetime) -> UUID | None:
        """Return the load in force. Another one than before is read: a large one beside the requests, which go on with
        the one before.
        """
        found = self._store.in_force()
        load_id = found.load_id if found else None
        self._asked_at = now
        if load_id in {self._load_id, self._reading}:
            return load_id
        self._reading = load_id
        if found is None or found.ranges <= _READ_AT_ONCE:
            self._read(load_id)
        else:
            threading.Thread(target=self._read, args=(load_id,), name="networks", daemon=True).start()
        return load_id

    def _read(self, load_id: UUID | None) -> None:
        try:
            self._table = Table(self._store.ranges(load_id)) if load_id else Table()
            self._load_id = load_id
        finally:
            self._reading = None
