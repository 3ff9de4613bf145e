"""The database: one file of SQLite or a PostgreSQL, with the same rules on both.

``transaction()`` is re-entrant within a thread and the outermost one commits; ``read()`` is an autocommit connection
without BEGIN; ``searching()`` is one whose statements are planned for their values; ``lossy()`` commits without waiting
for the disk and is only for rows whose loss costs nothing but a retry (``synchronous_commit`` off on PostgreSQL).
SQLite runs in WAL with ``BEGIN IMMEDIATE``, foreign keys on and a busy timeout of 5 s.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, create_engine, event, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import QueuePool

from idp.foundation.errors import ConfigurationError
from idp.foundation.kept_connections import KeptConnections
from idp.foundation.prepared_statement import commit_at_once, forget_prepared
from idp.foundation.time_limits import (
    CONNECT_SECONDS,
    GLANCE,
    SilenceWatch,
    TimeLimits,
    network_options,
    note_statement,
)

_POOL = 8
_ADDRESSES = "use sqlite:///FILE or postgresql://HOST/NAME"
_SQLITE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
)


DatabaseFailure = SQLAlchemyError
"""Whatever goes wrong between us and the database; named here for layers that know no SQLAlchemy."""


class DatabaseSilent(DatabaseFailure):
    """The database is known not to answer; it was not asked."""


class Base(DeclarativeBase):
    """Declares every table; Flask-SQLAlchemy, Alembic and the stores share its metadata."""


class Database:
    """Connections to one database, for one process. Without limits a statement may take as long as it likes, as those
    of commands and migrations do.
    """

    def __init__(self, url: str, *, pool_size: int = _POOL, limits: TimeLimits | None = None) -> None:
        self.url = parse_url(url)
        self.is_silent = False
        """Set by whoever follows the database: it does not answer, so that nobody else need wait to find that out."""
        self._watch = SilenceWatch()
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if self.url.drivername.startswith("sqlite") else "postgresql"
        )
        self._local = threading.local()
        if self.dialect == "sqlite":
            _create_private_file(self.url)
        self.engine = self._engine(pool_size, limits)
        self._autocommit = self._engine(pool_size, limits, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        self._lossy = self._autocommit
        if self.dialect == "postgresql":
            self._lossy = self._engine(pool_size, limits, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
            event.listen(self._lossy, "connect", _commit_without_waiting)
        self._kept = {engine: KeptConnections(engine) for engine in (self.engine, self._autocommit, self._lossy)}
        self._searching = self._autocommit
        if self.dialect == "postgresql":
            self._searching = self._engine(pool_size, limits, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
            event.listen(self._searching, "connect", _plan_for_values)
        self._glancing = self._autocommit
        if self.dialect == "postgresql" and limits is not None:
            self._glancing = self._engine(2, GLANCE, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)

    def _engine(self, pool_size: int, limits: TimeLimits | None, **options: Any) -> Engine:
        engine = create_engine(
            self.url,
            pool_size=pool_size,
            # Values are personal: what goes wrong with them says so without them.
            hide_parameters=True,
            # For rare crowds only: what overflows the pool is opened anew each time.
            max_overflow=pool_size,
            pool_timeout=CONNECT_SECONDS,
            connect_args=network_options(self.url, limits) if self.dialect == "postgresql" else {},
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            **options,
        )
        if self.dialect == "sqlite":
            event.listen(engine, "connect", _set_pragmas)
            if not options:
                event.listen(engine, "begin", _begin_immediate)
        else:
            if limits is not None:
                event.listen(engine, "connect", partial(self._limit, limits))
                event.listen(engine, "before_cursor_execute", note_statement)
            event.listen(engine, "connect", _prepare_at_once)
            if not options:
                event.listen(engine, "begin", _begin_at_once)
                event.listen(engine, "commit", _commit_at_once)
                event.listen(engine, "rollback", _roll_back_at_once)
                event.listen(engine, "rollback_savepoint", forget_prepared)
        return engine

    def _limit(self, limits: TimeLimits, driver: Any, record: Any) -> None:  # noqa: ANN401 - the driver's and the pool's
        self._watch.add(driver, record.info, limits)
        limits.apply_to(driver)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open, or join, this thread's transaction. The outermost commits; an exception rolls everything back."""
        current: Connection | None = getattr(self._local, "connection", None)
        if current is not None:
            yield current
            return
        self._refuse_if_silent()
        with self._kept[self.engine].use() as connection, connection.begin():
            self._local.connection = connection
            then: list[Callable[[], object]] = []
            self._local.after_commit = then
            try:
                yield connection
            finally:
                self._local.connection = None
        for call in then:
            call()

    @contextmanager
    def erasing(self) -> Iterator[Connection]:
        """Open a transaction whose deleted rows leave nothing behind in SQLite's file: freed pages are overwritten, and
        the write-ahead log is emptied once nobody reads from it. PostgreSQL's VACUUM does that in its own time.
        """
        with self.transaction() as connection:
            if self.dialect == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            yield connection
        if self.dialect == "sqlite":
            with self.read() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def after_commit(self, call: Callable[[], object]) -> None:
        """Call something when the transaction under way has committed, never if it rolls back; at once if there is
        none.
        """
        if getattr(self._local, "connection", None) is None:
            call()
        else:
            self._local.after_commit.append(call)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield an autocommit connection, for reading or for one statement that writes; inside a transaction, that
        transaction's own.
        """
        current: Connection | None = getattr(self._local, "connection", None)
        if current is not None:
            yield current
            return
        self._refuse_if_silent()
        with self._kept[self._autocommit].use() as connection:
            yield connection

    @contextmanager
    def searching(self) -> Iterator[Connection]:
        """Yield an autocommit connection for lists by filter: what finds a rare value quickly reads a table through for
        a common one, so that PostgreSQL plans each statement for its values. Inside a transaction, that one's own.
        """
        current: Connection | None = getattr(self._local, "connection", None)
        if current is not None:
            yield current
            return
        self._refuse_if_silent()
        with self._searching.connect() as connection:
            yield connection

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """Yield a connection that has few seconds to answer, and is not taken from those of requests; what reads
        meanwhile in this thread reads by it. Inside a transaction, that one's own.
        """
        current: Connection | None = getattr(self._local, "connection", None)
        if current is not None or self._glancing is self._autocommit:
            with self.read() as connection:
                yield connection
            return
        with self._glancing.connect() as connection:
            self._local.connection = connection
            try:
                yield connection
            finally:
                self._local.connection = None

    def plan_for_values(self) -> None:
        """Have the rest of the present transaction planned as ``searching`` does."""
        if self.dialect == "postgresql":
            with self.transaction() as connection:
                connection.exec_driver_sql("SET LOCAL plan_cache_mode TO force_custom_plan")

    @contextmanager
    def lossy(self) -> Iterator[Connection]:
        """Yield an autocommit connection whose commits do not wait for the disk. Refused inside a transaction."""
        if getattr(self._local, "connection", None) is not None:
            raise RuntimeError("a lossy write inside a transaction would be a second connection")
        self._refuse_if_silent()
        with self._kept[self._lossy].use() as connection:
            yield connection

    def _refuse_if_silent(self) -> None:
        if self.is_silent:
            raise DatabaseSilent("the database does not answer")

    def insert_new(self, table: type[Base]) -> Any:  # noqa: ANN401 - the dialect's own Insert
        """Return an INSERT that does nothing when a unique key is taken. What it returns tells who came first, not its
        row count: the driver of PostgreSQL forgets how many rows an INSERT made.
        """
        insert = sqlite.insert if self.dialect == "sqlite" else postgresql.insert
        return insert(table).on_conflict_do_nothing()

    def insert_if_new(self, table: type[Base], values: Mapping[str, Any]) -> bool:
        """Insert a row in the present transaction, unless a unique key of it is taken; tell whether it was inserted."""
        statement = self.insert_new(table).values(**values).returning(inspect(table).primary_key[0])
        with self.transaction() as connection:
            return connection.scalar(statement) is not None

    def upsert(self, table: type[Base], *columns: str, where: ColumnElement[bool] | None = None) -> Any:  # noqa: ANN401 - the dialect's own Insert
        """Return an INSERT that writes these columns anew where the primary key exists and the row there meets a
        condition.
        """
        insert = (sqlite.insert if self.dialect == "sqlite" else postgresql.insert)(table)
        return insert.on_conflict_do_update(
            index_elements=list(inspect(table).primary_key),
            set_={name: insert.excluded[name] for name in columns},
            where=where,
        )

    def insert_adding(self, table: type[Base], column: str) -> Any:  # noqa: ANN401 - the dialect's own Insert
        """Return an INSERT that adds to a column where the primary key exists."""
        insert = (sqlite.insert if self.dialect == "sqlite" else postgresql.insert)(table)
        added = inspect(table).columns[column] + insert.excluded[column]
        return insert.on_conflict_do_update(index_elements=list(inspect(table).primary_key), set_={column: added})

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Every engine, for tests that count statements."""
        engines = (self.engine, self._autocommit, self._searching, self._lossy, self._glancing)
        return tuple({id(engine): engine for engine in engines}.values())

    def connections(self) -> tuple[int, int]:
        """Return how many connections are in use, and how many may be."""
        pools = [engine.pool for engine in self.engines if isinstance(engine.pool, QueuePool)]
        return sum(pool.checkedout() for pool in pools), sum(pool.size() for pool in pools)

    def dispose(self) -> None:
        """Close every connection that is not in use."""
        for kept in self._kept.values():
            kept.dispose()
        for engine in self.engines:
            engine.dispose()


def parse_url(text: str) -> URL:
    """Return the URL with our drivers filled in. Raises ConfigurationError for anything but SQLite and PostgreSQL."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Not shown: there may be a password in it.
        raise ConfigurationError(f"IDP_DATABASE_URL is not the address of a database; {_ADDRESSES}") from None
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise ConfigurationError(f"IDP_DATABASE_URL names {url.drivername!r}; {_ADDRESSES}")
    if url.drivername == "sqlite" and url.database in {None, "", ":memory:"}:
        raise ConfigurationError(f"IDP_DATABASE_URL names no file; {_ADDRESSES}")
    several = (
        isinstance(url.query.get("host"), tuple) or "," in str(url.query.get("host", "")) or "," in (url.host or "")
    )
    if several and url.query.get("target_session_attrs") != "read-write":
        raise ConfigurationError("IDP_DATABASE_URL names several hosts; add target_session_attrs=read-write")
    return url


def _create_private_file(url: URL) -> None:
    """Make the file readable by its owner only, before SQLite would make it readable by all."""
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"IDP_DATABASE_URL: {path} cannot be made: {error.strerror}") from None


def _set_pragmas(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own connection
    # pysqlite would otherwise open transactions by itself, and deferred ones; ours begin in _begin_immediate.
    connection.isolation_level = None
    for pragma in _SQLITE:
        connection.execute(pragma)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_at_once(connection: Connection) -> None:
    """Begin by libpq, so that prepared statements can be the first of a transaction (decision 0009)."""
    driver: Any = connection.connection.driver_connection
    # Migrations switch some of their connections to autocommit (CREATE INDEX CONCURRENTLY). If it fails, psycopg meets
    # the same at the first statement, and knows how to tell.
    if not driver.closed and not driver.autocommit:
        driver.pgconn.exec_(b"BEGIN")


def _commit_at_once(connection: Connection) -> None:
    """Commit by libpq, in a third of the time; psycopg then finds nothing left to do. Raises DBAPIError."""
    driver: Any = connection.connection.driver_connection
    if not driver.closed and not driver.autocommit:
        commit_at_once(connection)


def _roll_back_at_once(connection: Connection) -> None:
    """Roll back by libpq as well: psycopg would drop every prepared statement of the connection."""
    if connection.closed or connection.invalidated:
        return
    driver: Any = connection.connection.driver_connection
    if not driver.closed and not driver.autocommit:
        driver.pgconn.exec_(b"ROLLBACK")


def _prepare_at_once(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own connection
    connection.prepare_threshold = 0
    # Every hot statement finds its rows by a unique key: planning it anew for each value costs more than running it.
    connection.execute("SET plan_cache_mode TO force_generic_plan")
    # Such rows lie in memory: by its index one is found cheaper than by reading even a small table through.
    connection.execute("SET random_page_cost TO 1.1")
    connection.commit()


def _plan_for_values(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own connection
    connection.execute("SET plan_cache_mode TO force_custom_plan")
    # Few look at lists at a time: room to sort in memory, but the other cores are left to those who sign in.
    connection.execute("SET work_mem TO '32MB'")
    connection.execute("SET max_parallel_workers_per_gather TO 0")
    connection.commit()


def _commit_without_waiting(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own connection
    connection.execute("SET synchronous_commit TO off")
