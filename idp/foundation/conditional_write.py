"""A conditional UPDATE or INSERT and the rows that follow from it: all of it happens, or nothing does (decision 0008).

PostgreSQL carries it out in one statement, which spares the round trips of a transaction. SQLite knows no WITH that
writes, but has no round trips either: a short transaction does the same there.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Insert, Update, bindparam, insert, inspect, select

from idp.foundation.database import Base, Database
from idp.foundation.prepared_statement import PreparedStatement

Rows = Mapping[type[Base], Mapping[str, Any]]


class ConditionalWrite:
    """An UPDATE of at most one row, whose condition decides who comes first; or an INSERT of one, if its SELECT finds
    what the row rests on.
    """

    def __init__(self, database: Database, condition: Update | Insert) -> None:
        self._database = database
        self._condition = condition
        self._statements: dict[tuple[tuple[type[Base], tuple[str, ...]], ...], PreparedStatement] = {}

    def run(self, values: Mapping[str, Any], rows: Rows) -> bool:
        """Write, and insert the rows if that met its row; tell whether it did."""
        return self._in_one(values, rows) if self._database.dialect == "postgresql" else self._in_turn(values, rows)

    def _in_turn(self, values: Mapping[str, Any], rows: Rows) -> bool:
        with self._database.transaction() as connection:
            if connection.execute(self._condition, values).rowcount == 0:
                return False
            for table, row in rows.items():
                connection.execute(insert(table), row)
        return True

    def _in_one(self, values: Mapping[str, Any], rows: Rows) -> bool:
        shape = tuple((table, tuple(row)) for table, row in rows.items())
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._statements[shape] = _in_one_statement(self._condition, rows)
        parameters = dict(values)
        for table, row in rows.items():
            parameters |= {_name(table, column): value for column, value in row.items()}
        # It commits by itself, unless a transaction is under way.
        with self._database.read() as connection:
            return bool(statement.rows(connection, parameters))


def _in_one_statement(condition: Update | Insert, rows: Rows) -> PreparedStatement:
    """Return WITH met AS (UPDATE …), … AS (INSERT … SELECT … FROM met) SELECT … FROM met."""
    key = inspect(condition.entity_description["entity"]).primary_key[0]
    met = condition.returning(key).cte("met")
    statement = select(met)
    for table, row in rows.items():
        columns = inspect(table).columns
        values = [bindparam(_name(table, column), type_=columns[column].type) for column in row]
        following = insert(table).from_select(list(row), select(*values).select_from(met))
        statement = statement.add_cte(following.cte(f"new_{table.__tablename__}"))
    return PreparedStatement(statement)


def _name(table: type[Base], column: str) -> str:
    return f"{table.__tablename__}_{column}"
