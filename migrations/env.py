"""How Alembic runs our revisions: always on a live connection, with the tables of idp.wiring, on SQLite and PostgreSQL
alike.

On PostgreSQL one upgrade runs at a time (an advisory lock), each revision in its own transaction, and no statement
waits long for a lock: a migration that would stop sign-in fails instead. On SQLite the whole upgrade is one
transaction, tables are rebuilt in batch mode and foreign keys are verified at its end, because SQLite cannot alter them
in place.
"""

import os
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from idp.foundation import columns
from idp.foundation.database import Database
from idp.foundation.migrations import metadata

# Any fixed number, the same for every node that may upgrade the same database.
_UPGRADE_LOCK = 7_310_254_991
_OWN_TYPES = (columns.Instant, columns.JSONText, columns.UUIDType)


def run() -> None:
    """Run what was asked for, on the database of ``idp.foundation.migrations`` or of IDP_DATABASE_URL (developers)."""
    database = Database(context.config.attributes.get("url") or os.environ["IDP_DATABASE_URL"])
    try:
        with database.engine.connect() as connection:
            if database.dialect == "sqlite":
                _run_on_sqlite(connection)
            else:
                _run_on_postgresql(connection)
    finally:
        database.dispose()


def _run_on_sqlite(connection: Connection) -> None:
    # Before the first statement, because inside a transaction SQLite ignores this.
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    _configure(connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
        if broken:
            raise RuntimeError(f"the migration would break {len(broken)} foreign keys, first in table {broken[0][0]}")
    driver.execute("PRAGMA foreign_keys=ON")


def _run_on_postgresql(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '60s'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _UPGRADE_LOCK})
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.execute(text("SET statement_timeout = '5min'"))
    connection.commit()
    _configure(connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def _configure(connection: Connection, **options: Any) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata(),
        compare_type=True,
        render_item=_render_own_type,
        process_revision_directives=_number_revisions,
        **options,
    )


def _render_own_type(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    if kind == "type" and isinstance(item, _OWN_TYPES):
        return f"columns.{type(item).__name__}()"
    return False


def _number_revisions(_context: MigrationContext, _revision: object, directives: list[MigrationScript]) -> None:
    """Name a new revision 0001, 0002, … so that the folder tells their order; the first one is in parts, 0001a …"""
    script = ScriptDirectory.from_config(context.config)
    highest = max((int(revision.revision[:4]) for revision in script.walk_revisions()), default=0)
    for directive in directives:
        directive.rev_id = f"{highest + 1:04}"


run()
