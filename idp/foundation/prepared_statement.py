"""A statement of a hot path, given to PostgreSQL by libpq itself: prepared once for each connection, values and rows in
the binary format (decision 0009).

SQLAlchemy compiles it and runs it everywhere else: on SQLite, and after an error that libpq reports outside a
transaction. In a transaction, which cannot go on after an error, it is raised as SQLAlchemy would have raised it.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from struct import Struct
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Delete,
    Insert,
    Integer,
    LargeBinary,
    Select,
    SmallInteger,
    String,
    Text,
    Update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from idp.foundation.columns import Instant, JSONText, UUIDType, microseconds, moment_of

_INT2, _INT4, _INT8, _BOOL = Struct("!h"), Struct("!i"), Struct("!q"), Struct("?")
_numbers: Final = count()
# The version that PostgreSQL puts before the text of a jsonb.
_JSONB: Final = b"\x01"
# ExecStatusType, PGTransactionStatusType and the format codes of libpq; psycopg need not be loaded for SQLite.
_COMMAND_OK, _TUPLES_OK, _BINARY = 1, 2, 1
_IDLE = 0
# PG_DIAG_SQLSTATE, and the state that says that the server has forgotten a statement.
_SQLSTATE, _UNKNOWN_STATEMENT, _TOOK_TOO_LONG = ord("C"), b"26000", b"57014"
_KNOWN: Final = "idp_prepared"
_COMMIT: Final = "COMMIT"
_ROLLED_BACK: Final = "the transaction was rolled back, because a statement in it had failed"


class _Format(NamedTuple):
    """How values of a type travel in PostgreSQL's binary format."""

    dump: Callable[[Any], bytes]
    load: Callable[[bytes], Any]


def _of_number(struct: Struct) -> _Format:
    # Read at whatever width it comes: PostgreSQL counts in int8 what SQLAlchemy calls Integer.
    return _Format(struct.pack, lambda sent: int.from_bytes(sent, "big", signed=True))


_FORMATS: Final[dict[type[TypeEngine[Any]], _Format]] = {
    **dict.fromkeys((String, Text), _Format(str.encode, bytes.decode)),
    LargeBinary: _Format(bytes, bytes),
    SmallInteger: _of_number(_INT2),
    Integer: _of_number(_INT4),
    BigInteger: _of_number(_INT8),
    Boolean: _Format(_BOOL.pack, lambda sent: sent != b"\0"),
    Instant: _Format(lambda moment: _INT8.pack(microseconds(moment)), lambda sent: moment_of(*_INT8.unpack(sent))),
    UUIDType: _Format(lambda value: value.bytes, lambda sent: UUID(bytes=sent)),
    JSONText: _Format(lambda value: _JSONB + orjson.dumps(value), lambda sent: orjson.loads(sent[1:])),
}


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The statement as libpq takes it."""

    text: str
    parameters: tuple[tuple[str, Callable[[Any], bytes]], ...]
    formats: tuple[int, ...]
    loads: tuple[Callable[[bytes], Any], ...]
    row: Callable[[list[Any]], Any]
    constants: dict[str, Any]


class PreparedStatement:
    """A statement that requests run by the thousand."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | Insert | Update | Delete) -> None:
        self._statement = statement
        self._name = f"idp_{next(_numbers)}".encode()
        self._compiled: _Compiled | None = None

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Run the statement and return its rows, as tuples with named members; none if it returns nothing."""
        done = self._by_libpq(connection, values) if connection.dialect.name == "postgresql" else None
        if done is None:
            result = connection.execute(self._statement, values)
            return result.all() if result.returns_rows else ()
        made, compiled = done
        return [
            compiled.row(
                [
                    None if (cell := made.get_value(line, place)) is None else load(cell)
                    for place, load in enumerate(compiled.loads)
                ]
            )
            for line in range(made.ntuples)
        ]

    def count(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Run an UPDATE or a DELETE and return how many rows it met."""
        done = self._by_libpq(connection, values) if connection.dialect.name == "postgresql" else None
        return connection.execute(self._statement, values).rowcount if done is None else done[0].command_tuples or 0

    def _by_libpq(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Any, _Compiled] | None:
        """Return libpq's result; None where SQLAlchemy is to run the statement. Raises DBAPIError in a transaction."""
        driver: Any = connection.connection.driver_connection
        libpq = driver.pgconn
        is_in_transaction = libpq.transaction_status != _IDLE
        # psycopg would begin a transaction at its own first statement.
        if driver.closed or not (driver.autocommit or is_in_transaction):
            return None
        compiled = self._compiled or self._compile(connection, values)
        for listener in connection.engine.dispatch.before_cursor_execute:
            listener(connection, None, compiled.text, values, None, False)  # noqa: FBT003 - as the event defines it
        known = connection.info.setdefault(_KNOWN, set())
        given = {**compiled.constants, **values}
        sent = [None if (value := given[name]) is None else dump(value) for name, dump in compiled.parameters]
        result = None if self._name in known else libpq.prepare(self._name, compiled.text.encode())
        if result is None or result.status == _COMMAND_OK:
            known.add(self._name)
            result = libpq.exec_prepared(self._name, sent, compiled.formats, _BINARY)
        if result.status not in {_TUPLES_OK, _COMMAND_OK}:
            state = result.error_field(_SQLSTATE)
            if state == _UNKNOWN_STATEMENT:
                known.clear()
            # What took too long is not asked again: it would take as long once more.
            if (is_in_transaction or state == _TOOK_TOO_LONG) and not driver.closed:
                raise _error_of(connection, compiled.text, result)
            return None
        for listener in connection.engine.dispatch.after_cursor_execute:
            listener(connection, None, compiled.text, values, None, False)  # noqa: FBT003 - as the event defines it
        return result, compiled

    def _compile(self, connection: Connection, values: Mapping[str, Any]) -> _Compiled:
        dialect: Any = type(connection.dialect)
        compiled: Any = self._statement.compile(dialect=dialect(paramstyle="numeric_dollar"), column_keys=list(values))
        columns = self._statement.exported_columns.values()
        names = tuple(compiled.positiontup)
        # Of two columns of one name the first has it, as in SQLAlchemy.
        members = [str(column.key) for column in columns]
        row: Any = namedtuple("Row", members, rename=True)  # type: ignore[misc] # noqa: PYI024 - named at run time
        self._compiled = _Compiled(
            str(compiled),
            tuple((name, _FORMATS[type(compiled.binds[name].type)].dump) for name in names),
            (_BINARY,) * len(names),
            tuple(_FORMATS[type(column.type)].load for column in columns),
            row._make,
            {name: bind.value for name, bind in compiled.binds.items() if not bind.required},
        )
        return self._compiled


def forget_prepared(connection: Connection, *_rest: object) -> None:
    """Note that nothing is prepared any more: psycopg drops all of it when a savepoint is rolled back."""
    connection.info.pop(_KNOWN, None)


def commit_at_once(connection: Connection) -> None:
    """Commit by libpq. Raises DBAPIError, unless the connection is lost: psycopg meets that next, and tells it.

    A transaction in which something failed is answered with ROLLBACK, as if that were a success. Whoever caught the
    error and went on would be told that all was written.
    """
    driver: Any = connection.connection.driver_connection
    result = driver.pgconn.exec_(_COMMIT.encode())
    if result.status == _COMMAND_OK:
        if result.command_status != _COMMIT.encode():
            failed = connection.dialect.loaded_dbapi.errors.InFailedSqlTransaction(_ROLLED_BACK)
            raise _as_reported(connection, _COMMIT, failed)
    elif not driver.closed:
        raise _error_of(connection, _COMMIT, result)


def _error_of(connection: Connection, text: str, result: Any) -> BaseException:  # noqa: ANN401 - libpq's result
    driver: Any = connection.dialect.loaded_dbapi
    return _as_reported(connection, text, driver.errors.error_from_result(result))


def _as_reported(connection: Connection, text: str, told: Exception) -> BaseException:
    """Return an error of the driver as SQLAlchemy reports it."""
    driver: Any = connection.dialect.loaded_dbapi
    error: BaseException = DBAPIError.instance(
        text, None, told, driver.Error, hide_parameters=True, dialect=connection.dialect
    )
    return error
