"""A statement of a hot path, given to PostgreSQL by libpq itself: prepared once for each connection, values and rows in
the binary format (decision 0009).

SQLAlchemy compiles it and runs it everywhere else: on SQLite, in a transaction, and whenever libpq reports an error,
which then is told, or overcome, in the one way the rest of the house knows.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from struct import Struct
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Boolean, Connection, Insert, Integer, LargeBinary, Select, SmallInteger, String, Text
from sqlalchemy.types import TypeEngine

from idp.foundation.columns import Instant, JSONText, UUIDType, microseconds, moment_of

_INT2, _INT4, _INT8, _BOOL = Struct("!h"), Struct("!i"), Struct("!q"), Struct("?")
_numbers: Final = count()
# The version that PostgreSQL puts before the text of a jsonb.
_JSONB: Final = b"\x01"
# ExecStatusType and the format codes of libpq; psycopg need not be loaded for SQLite.
_COMMAND_OK, _TUPLES_OK, _BINARY = 1, 2, 1


class _Format(NamedTuple):
    """How values of a type travel in PostgreSQL's binary format."""

    dump: Callable[[Any], bytes]
    load: Callable[[bytes], Any]


def _of_struct(struct: Struct) -> _Format:
    return _Format(struct.pack, lambda sent: struct.unpack(sent)[0])


_FORMATS: Final[dict[type[TypeEngine[Any]], _Format]] = {
    **dict.fromkeys((String, Text), _Format(str.encode, bytes.decode)),
    LargeBinary: _Format(bytes, bytes),
    SmallInteger: _of_struct(_INT2),
    Integer: _of_struct(_INT4),
    BigInteger: _of_struct(_INT8),
    Boolean: _of_struct(_BOOL),
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

    def __init__(self, statement: Select[*tuple[Any, ...]] | Insert) -> None:
        self._statement = statement
        self._name = f"idp_{next(_numbers)}".encode()
        self._compiled: _Compiled | None = None

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Run the statement and return its rows, as tuples with named members; none if it returns nothing."""
        found = self._by_libpq(connection, values) if connection.dialect.name == "postgresql" else None
        if found is None:
            result = connection.execute(self._statement, values)
            found = result.all() if result.returns_rows else ()
        return found

    def _by_libpq(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any] | None:
        """Return the rows; None where SQLAlchemy is to run the statement."""
        driver: Any = connection.connection.driver_connection
        # psycopg begins transactions at its own first statement, and after a rollback nothing is prepared any more.
        if driver.closed or not driver.autocommit:
            return None
        compiled = self._compiled or self._compile(connection, values)
        for listener in connection.engine.dispatch.before_cursor_execute:
            listener(connection, None, compiled.text, values, None, False)  # noqa: FBT003 - as the event defines it
        libpq, known = driver.pgconn, connection.info
        if self._name not in known and libpq.prepare(self._name, compiled.text.encode()).status != _COMMAND_OK:
            return None
        known[self._name] = True
        given = {**compiled.constants, **values}
        sent = [None if (value := given[name]) is None else dump(value) for name, dump in compiled.parameters]
        result = libpq.exec_prepared(self._name, sent, compiled.formats, _BINARY)
        if result.status not in {_TUPLES_OK, _COMMAND_OK}:
            del known[self._name]
            return None
        for listener in connection.engine.dispatch.after_cursor_execute:
            listener(connection, None, compiled.text, values, None, False)  # noqa: FBT003 - as the event defines it
        return [
            compiled.row(
                [
                    None if (cell := result.get_value(line, place)) is None else load(cell)
                    for place, load in enumerate(compiled.loads)
                ]
            )
            for line in range(result.ntuples)
        ]

    def _compile(self, connection: Connection, values: Mapping[str, Any]) -> _Compiled:
        dialect: Any = type(connection.dialect)
        compiled: Any = self._statement.compile(dialect=dialect(paramstyle="numeric_dollar"), column_keys=list(values))
        columns = self._statement.selected_columns.values() if isinstance(self._statement, Select) else ()
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
