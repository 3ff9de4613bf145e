"""How long the database may take to answer, so that a person is told to come back instead of waiting for nothing.

PostgreSQL ends by itself a statement that takes too long, and a transaction that nobody goes on with. One that is
stopped, or whose disk hangs, ends nothing, and its kernel still answers for it, so that no option of the network
notices: a thread looks at the connections that wait, and cuts the line of one that has waited longer than that.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from idp.foundation.logging import get_logger

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

CONNECT_SECONDS: Final = 5
_NETWORK: Final = {
    # What was sent and not acknowledged, and an address that is gone without a word.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
_IDLE_SECONDS: Final = 60
_MARGIN_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.5
# PGTransactionStatusType of libpq.
_ACTIVE: Final = 1
_ASKED: Final = "idp_asked"
_numbers: Final = count()
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long one statement may take."""

    statement_seconds: float

    def apply_to(self, driver: Any) -> None:  # noqa: ANN401 - the driver's own connection
        """Tell them to PostgreSQL, for as long as the connection lasts. A transaction in which nothing is asked any
        more belongs to a process that was stopped: what it holds, others wait for.
        """
        driver.execute(
            "SELECT set_config('statement_timeout', %s, false),"
            " set_config('idle_in_transaction_session_timeout', %s, false)",
            (f"{self.statement_seconds * 1000:.0f}", f"{_IDLE_SECONDS * 1000}"),
        )


WORK: Final = TimeLimits(120)
"""Of workers, whose statements are batches."""
GLANCE: Final = TimeLimits(3)
"""Of what must be known at once or not at all: whether the database answers, whether a list has changed."""


def network_options(url: URL, limits: TimeLimits | None) -> dict[str, int]:
    """Return libpq's limits for the network, but for those that the address names."""
    seconds = CONNECT_SECONDS if limits is None else min(CONNECT_SECONDS, max(2, int(limits.statement_seconds)))
    options = _NETWORK | {"connect_timeout": seconds}
    return {name: value for name, value in options.items() if name not in url.query}


def note_statement(connection: Any, *_rest: object) -> None:  # noqa: ANN401 - a listener of the engine
    """Remember that another statement begins on this connection."""
    connection.info[_ASKED] = next(_numbers)


class _Line:
    """One connection, as the thread saw it last."""

    def __init__(self, driver: Any, info: dict[Any, Any], limits: TimeLimits) -> None:  # noqa: ANN401 - the driver's
        self.driver = weakref.ref(driver)
        self._info = info
        self._limits = limits
        self._asked: object = None
        self._since: float | None = None

    def is_silent(self, now: float) -> bool:
        """Tell whether the same statement has been waited for at each look, for longer than it may take."""
        driver, asked = self.driver(), self._info.get(_ASKED)
        if driver is None or driver.pgconn.transaction_status != _ACTIVE:
            self._since = None
        elif self._since is None or asked != self._asked:
            self._since, self._asked = now, asked
        return self._since is not None and now - self._since > self._limits.statement_seconds + _MARGIN_SECONDS


class SilenceWatch:
    """Looks after the connections of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[_Line] = []
        self._is_watching = False

    def add(self, driver: Any, info: dict[Any, Any], limits: TimeLimits) -> None:  # noqa: ANN401 - the driver's
        """Look after a connection from now on, until it is closed."""
        with self._lock:
            self._lines.append(_Line(driver, info, limits))
            if not self._is_watching:
                self._is_watching = True
                threading.Thread(target=self._watch, name="silence", daemon=True).start()

    def _watch(self) -> None:
        """Look until no connection is left."""
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                self._lines = [line for line in self._lines if _is_open(line)]
                if not self._lines:
                    self._is_watching = False
                    return
                lines, now = list(self._lines), time.monotonic()
            for line in lines:
                if line.is_silent(now):
                    _cut(line.driver())


def _is_open(line: _Line) -> bool:
    driver = line.driver()
    return driver is not None and not driver.closed


def _cut(driver: Any) -> None:  # noqa: ANN401 - the driver's own connection
    """Close the line, which whoever waits on it meets as a server that went away."""
    if driver is None:
        return
    # Psycopg raises its own error for one that has just been closed.
    with suppress(Exception):
        number = driver.pgconn.socket
        with socket.socket(fileno=os.dup(number)) as line:
            # Unless it has just been answered and closed, and its number given to something else.
            if driver.pgconn.socket == number and driver.pgconn.transaction_status == _ACTIVE:
                line.shutdown(socket.SHUT_RDWR)
                _log.error("database_does_not_answer", backend=driver.pgconn.backend_pid)
