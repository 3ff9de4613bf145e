"""Column types that mean the same on SQLite and PostgreSQL, and the sensitivity label that every column carries.

A label is one of ``plain`` (may be shown to staff and logged), ``personal`` (masked, never logged) and ``secret``
(never leaves). Instants are BIGINT microseconds since 1970 UTC, identifiers ``uuid`` or BLOB(16), digests and
ciphertext ``bytea`` or BLOB.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Dialect, LargeBinary, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import MappedColumn, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return an aware time as whole microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(value: int) -> datetime:
    """Return microseconds since 1970 as an aware time in UTC."""
    return _EPOCH + timedelta(microseconds=value)


class Instant(TypeDecorator[datetime]):
    """An aware time, stored as BIGINT microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else moment_of(value)


class UUIDType(TypeDecorator[UUID]):
    """A UUID: native on PostgreSQL, its 16 bytes on SQLite."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=True))
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | bytes | None:
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: UUID | bytes | None, dialect: Dialect) -> UUID | None:  # noqa: ARG002
        return UUID(bytes=value) if isinstance(value, bytes) else value


class JSONText(TypeDecorator[Any]):
    """A JSON value: ``jsonb`` on PostgreSQL, text on SQLite. Read and written whole, never queried."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - JSON is any value
        return value if value is None or dialect.name == "postgresql" else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401 - JSON is any value
        return value if value is None or dialect.name == "postgresql" else orjson.loads(value)


Digest = LargeBinary(32)
Ciphertext = LargeBinary()


def plain(*args: Any, **options: Any) -> MappedColumn[Any]:
    """Declare a column that staff may see and logs may hold."""
    return mapped_column(*args, info={"data": "plain"}, **options)


def personal(*args: Any, **options: Any) -> MappedColumn[Any]:
    """Declare a column of personal data: masked wherever it is shown, never logged."""
    return mapped_column(*args, info={"data": "personal"}, **options)


def secret(*args: Any, **options: Any) -> MappedColumn[Any]:
    """Declare a column that never leaves the database but to be compared: digests, ciphertext, verifiers."""
    return mapped_column(*args, info={"data": "secret"}, **options)
