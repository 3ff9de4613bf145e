"""Connections at hand for the next hot statement: the way through the pool would cost more than the statement itself.

A connection is kept only while it is as good as new: what ran on it has committed, a prepared statement (decision 0009)
by itself or all of a transaction, and nothing failed. Whatever else happened, it goes back through the pool as ever.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, QueuePool
from sqlalchemy.exc import DBAPIError

# SQLSTATE of a write where only reading is allowed.
_READ_ONLY: Final = "25006"


class KeptConnections:
    """Connections of an engine, the one used last first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: deque[Connection] = deque()

    @contextmanager
    def use(self) -> Iterator[Connection]:
        """Yield a connection that nobody else uses meanwhile."""
        connection = self._take()
        try:
            yield connection
        except BaseException as error:
            if _is_read_only(error):
                connection.invalidate()
                # Those that wait in the pool were opened at the same time.
                self._engine.dispose()
            if connection.invalidated:
                # The database went away: what else is kept would fail one by one.
                self.dispose()
            connection.close()
            raise
        if connection.in_transaction() or self._is_crowded():
            connection.close()
        else:
            self._kept.append(connection)

    def dispose(self) -> None:
        """Close what is kept."""
        while self._kept:
            connection = self._kept.pop()
            connection.invalidate()
            connection.close()

    def _take(self) -> Connection:
        try:
            return self._kept.pop()
        except IndexError:
            return self._engine.connect()

    def _is_crowded(self) -> bool:
        """Tell whether the pool overflows: somebody may wait there for what would be kept here."""
        pool = self._engine.pool
        return isinstance(pool, QueuePool) and pool.overflow() > 0


def _is_read_only(error: BaseException) -> bool:
    """Tell whether the database took no writes. A connection keeps that for as long as it lasts, the database does
    not: a new one finds out whether it is over, or which of several hosts takes them now.
    """
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _READ_ONLY
