"""A migrated, clean database for every test: one per xdist worker, cloned from a template that is prepared once.

Services commit, so nothing can be rolled back between tests. On SQLite each test gets a copy of the template file. On
PostgreSQL each worker has a database of its own; before a test the tables that hold rows are emptied and the rows that
the template was born with are put back.
"""

import importlib
import os
import shutil
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.postgresql import Cluster

HOUSEKEEPING = "housekeeping"
"""What the connection that cleans PostgreSQL calls itself."""
_TEMPLATE = "template_idp"
_BORN = "born_with"
_PREPARING = 4_200_317


def prepare(url: str) -> None:
    """Bring an empty database to the tables of this version, by the migrations once there are any."""
    migrations = importlib.import_module("idp.foundation.migrations")
    if any(migrations.folder().glob("versions/[0-9]*.py")):
        migrations.upgrade(url)
    else:
        create_all(url)


def create_all(url: str) -> None:
    """Make the tables directly from the models, without migrations."""
    database_module = importlib.import_module("idp.foundation.database")
    load_models()
    database = database_module.Database(url)
    with database.transaction() as connection:
        database_module.Base.metadata.create_all(connection)
    database.dispose()


def load_models() -> None:
    """Import every module that declares a table, whether or not wiring uses it yet."""
    package = Path(importlib.import_module("idp").__path__[0])
    for path in sorted(package.rglob("*.py")):
        if "__tablename__" in path.read_text(encoding="utf-8"):
            importlib.import_module(".".join(path.relative_to(package.parent).with_suffix("").parts))


class SQLiteDatabases:
    """A template file for one worker, and a copy of it for each test."""

    def __init__(self) -> None:
        # Memory, where there is some: the product syncs each commit, and on a disk that would be most of the time.
        memory = Path("/dev/shm")
        parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
        _remove_what_dead_processes_left(parent or Path(tempfile.gettempdir()))
        self._folder = Path(tempfile.mkdtemp(prefix=f"idp-sqlite-{os.getpid()}-", dir=parent))
        self._template = self._folder / "template.db"
        self._count = 0

    def fresh(self) -> str:
        """Return the URL of a clean database."""
        self._remove_previous()
        self._count += 1
        copy = self._folder / f"{self._count}.db"
        self.copy_to(copy)
        return f"sqlite:///{copy}"

    def copy_to(self, path: Path) -> None:
        """Make a file of a clean database."""
        if not self._template.exists():
            unfinished = self._folder / "unfinished.db"
            prepare(f"sqlite:///{unfinished}")
            unfinished.rename(self._template)
        shutil.copyfile(self._template, path)
        path.chmod(0o600)

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _remove_previous(self) -> None:
        for path in self._folder.glob(f"{self._count}.db*"):
            path.unlink()


def _remove_what_dead_processes_left(parent: Path) -> None:
    """A killed run cannot clean up after itself, and memory is dear: the next one does it."""
    for folder in parent.glob("idp-sqlite-*-*"):
        owner = folder.name.split("-")[2]
        if owner.isdigit() and not _is_alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class PostgreSQLDatabases:
    """One database for a worker, cloned from the template that the first worker to come prepares."""

    def __init__(self, cluster: Cluster, worker: str) -> None:
        self._cluster = cluster
        self._name = f"test_{worker}"
        self._tables: list[str] = []
        self._born: list[str] = []
        self._housekeeping: psycopg.Connection | None = None

    def fresh(self) -> str:
        """Return the URL of a clean database."""
        self._cluster.wait()
        if not self._tables:
            self._clone()
        else:
            self._clean()
        return self._cluster.url(self._name)

    def close(self) -> None:
        if self._housekeeping is not None:
            self._housekeeping.close()

    def _clone(self) -> None:
        with psycopg.connect(self._cluster.url("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [_PREPARING])
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE]).fetchone():
                self._prepare_template(connection)
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(self._name), sql.Identifier(_TEMPLATE))
            )
        self._remember_what_it_was_born_with()

    def _prepare_template(self, connection: psycopg.Connection) -> None:
        unfinished = sql.Identifier("unfinished")
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(unfinished))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(unfinished))
        prepare(self._cluster.url("unfinished"))
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(unfinished, sql.Identifier(_TEMPLATE)))

    def _remember_what_it_was_born_with(self) -> None:
        """Copy the tables that already hold rows into a schema of their own, and keep the names of all tables."""
        with self._connected().transaction():
            connection = self._connected()
            rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            self._tables = [row[0] for row in rows]
            self._born = _filled(connection, self._tables)
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(_BORN)))
            for table in self._born:
                connection.execute(
                    sql.SQL("CREATE TABLE {} AS TABLE {}").format(
                        sql.Identifier(_BORN, table), sql.Identifier("public", table)
                    )
                )

    def _connected(self) -> psycopg.Connection:
        """Return the worker's connection for housekeeping: a new one knows none of the tables, and each costs time."""
        if self._housekeeping is None or self._housekeeping.closed:
            url = f"{self._cluster.url(self._name)}&application_name={HOUSEKEEPING}"
            self._housekeeping = psycopg.connect(url, autocommit=True)
            # Triggers and foreign keys are the product's business; this is the tests' own way in.
            self._housekeeping.execute("SET session_replication_role = replica")
        return self._housekeeping

    def _clean(self) -> None:
        try:
            self._connected().execute("SELECT 1")
        except psycopg.OperationalError:
            # A test may have ended every connection.
            self.close()
        connection = self._connected()
        # A test that left a thread inside a transaction must not hold up the ones after it.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        with connection.transaction():
            for table in {*_filled(connection, self._tables), *self._born}:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier("public", table)))
            for table in self._born:
                connection.execute(
                    sql.SQL("INSERT INTO {} SELECT * FROM {}").format(
                        sql.Identifier("public", table), sql.Identifier(_BORN, table)
                    )
                )


def _filled(connection: psycopg.Connection, tables: list[str]) -> list[str]:
    """Return the tables that hold at least one row, in one round trip."""
    if not tables:
        return []
    questions = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(sql.Literal(table), sql.Identifier("public", table))
        for table in tables
    ]
    return [row[0] for row in connection.execute(sql.SQL(" UNION ALL ").join(questions)).fetchall()]
