"""Loading many rows: COPY with a progress bar, into tables whose indexes and foreign keys are made again afterwards.

An index that grows row by row at random places costs more than the rows; built at once it costs a sort.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import click
import psycopg
from psycopg import sql

Row: TypeAlias = tuple[Any, ...]
Connection: TypeAlias = "psycopg.Connection[Any]"

STEP = 5_000
BAR = "%(label)-16s [%(bar)s] %(info)s"
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid::regclass::text = ANY(%s) AND contype = ANY(%s) ORDER BY contype = 'f', conname
"""
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid::regclass::text = ANY(%s) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


def copy(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Row], total: int) -> None:
    """Write rows into a table and show how far it has come."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with (
        click.progressbar(length=total, label=table, bar_template=BAR, show_pos=True, update_min_steps=STEP) as bar,
        connection.cursor() as cursor,
        cursor.copy(statement) as writer,
    ):
        for row in rows:
            writer.write_row(row)
            bar.update(1)


@contextmanager
def without_indexes(connection: Connection, tables: Sequence[str]) -> Iterator[None]:
    """Take the indexes, unique and foreign keys of these tables away, and make them again at the end."""
    constraints = connection.execute(CONSTRAINTS, (list(tables), ["f", "u"])).fetchall()
    indexes = connection.execute(INDEXES, (list(tables),)).fetchall()
    for table, name, _ in reversed(constraints):
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(identifier(table), identifier(name)))
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(identifier(name)))
    yield
    again = [definition for _, definition in indexes]
    again += [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in constraints]
    with click.progressbar(again, label="indexes, keys", bar_template=BAR, show_pos=True) as bar:
        for statement in bar:
            # The catalogue's own words about what stood there a moment ago.
            connection.execute(statement.encode())


def identifier(name: str) -> sql.Identifier:
    """Return a name of the catalogue, which quotes what needs it."""
    return sql.Identifier(name.strip('"'))
