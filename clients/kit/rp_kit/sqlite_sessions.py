"""Sign-ins in one SQLite file: they survive a restart and are shared by the processes of a site on one machine.

Every change is one immediate transaction. The file holds tokens and is readable by its owner only.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from rp_kit.sessions import SiteSession
from rp_kit.verification import LogoutToken

_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS site_session (
    key TEXT PRIMARY KEY, sub TEXT NOT NULL, sid TEXT,
    seen_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS site_session_sub ON site_session (sub);
CREATE INDEX IF NOT EXISTS site_session_sid ON site_session (sid);
CREATE INDEX IF NOT EXISTS site_session_ends_at ON site_session (ends_at);
CREATE TABLE IF NOT EXISTS spent_logout (
    jti TEXT PRIMARY KEY, sub TEXT, sid TEXT, issued_at INTEGER NOT NULL, remember_until INTEGER NOT NULL);
"""
_ENDED_BEFORE = """
SELECT 1 FROM spent_logout WHERE (sub IS NULL OR sub = :sub)
AND ((sid IS NULL AND issued_at >= :issued_at) OR sid = :sid) LIMIT 1
"""
_INSERT = "INSERT INTO site_session (key, sub, sid, seen_at, ends_at, body) VALUES (?, ?, ?, ?, ?, ?)"
_SPEND = """
INSERT INTO spent_logout (jti, sub, sid, issued_at, remember_until) VALUES (?, ?, ?, ?, ?) ON CONFLICT (jti) DO NOTHING
"""
_END = "DELETE FROM site_session WHERE (:sub IS NULL OR sub = :sub) AND (:sid IS NULL OR sid = :sid)"
_LOCK_WAIT_SECONDS = 5.0


class SQLiteSessions:
    """The file's sign-ins."""

    def __init__(self, file: str | os.PathLike[str]) -> None:
        """Make the file and its folder when they are missing, for the owner only."""
        self._file = Path(file)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch(mode=0o600)
        # The lasting connection is opened by the first request, so that a server may fork after loading the site.
        with closing(self._connect()) as connection:
            connection.executescript(_SCHEMA)

    def create(self, key: str, session: SiteSession) -> bool:
        """As the protocol says."""
        named = {"sub": session.sub, "sid": session.sid, "issued_at": session.issued_at}
        with self._transaction() as connection:
            connection.execute("DELETE FROM site_session WHERE ends_at <= ?", (session.seen_at,))
            connection.execute("DELETE FROM spent_logout WHERE remember_until <= ?", (session.seen_at,))
            if connection.execute(_ENDED_BEFORE, named).fetchone():
                return False
            row = (key, session.sub, session.sid, session.seen_at, session.ends_at, json.dumps(asdict(session)))
            connection.execute(_INSERT, row)
            return True

    def load(self, key: str) -> SiteSession | None:
        """As the protocol says."""
        with self._opened() as connection:
            row = connection.execute("SELECT body, seen_at FROM site_session WHERE key = ?", (key,)).fetchone()
        return SiteSession(**{**json.loads(row[0]), "seen_at": row[1]}) if row else None

    def touch(self, key: str, seen_at: int) -> None:
        """As the protocol says."""
        with self._transaction() as connection:
            connection.execute("UPDATE site_session SET seen_at = ? WHERE key = ?", (seen_at, key))

    def replace(self, key: str, session: SiteSession) -> bool:
        """As the protocol says."""
        with self._transaction() as connection:
            row = (session.seen_at, session.ends_at, json.dumps(asdict(session)), key)
            changed = connection.execute(
                "UPDATE site_session SET seen_at = ?, ends_at = ?, body = ? WHERE key = ?", row
            )
            return changed.rowcount == 1

    def delete(self, key: str) -> None:
        """As the protocol says."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM site_session WHERE key = ?", (key,))

    def end(self, logout: LogoutToken, remember_until: int) -> bool:
        """As the protocol says."""
        with self._transaction() as connection:
            row = (logout.jti, logout.sub, logout.sid, logout.issued_at, remember_until)
            if connection.execute(_SPEND, row).rowcount == 0:
                return False
            connection.execute(_END, {"sub": logout.sub, "sid": logout.sid})
            return True

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Lend the one connection to one thread at a time."""
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
            yield self._connection

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=_LOCK_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
