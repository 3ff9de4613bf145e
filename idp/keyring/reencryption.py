"""Bringing every encrypted column under the current master key, in batches that may stop anywhere and be started again.

A value already under the current key is never touched, which is what makes the work resumable; a row that changes
meanwhile is left to its writer. A value that does not decrypt is counted and left as it is, because only a person can
say what became of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, String, TableClause, and_, column, func, select, table, update

from idp.foundation.columns import UUIDType
from idp.foundation.database import Database
from idp.keyring.envelope import PREFIX, Envelope, prefix_of
from idp.keyring.errors import CiphertextBroken

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """A column written by ``Keyring.encrypt(name, <value of id_column>, …)``, with the names of the database."""

    table: str
    id_column: str
    column: str
    name: str


@dataclass(frozen=True, slots=True)
class KeyIdColumn:
    """A column of text that holds the id of the master key which MACs of its row stand under."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """What became of one column."""

    name: str
    rows: int
    failed: int


class Reencryption:
    """Works through columns."""

    def __init__(self, database: Database, envelope: Envelope) -> None:
        self._database = database
        self._envelope = envelope

    def run(
        self, columns: Sequence[EncryptedColumn], current: str, batch: int, progress: Progress
    ) -> tuple[Reencrypted, ...]:
        """Re-encrypt what is not under the current master key. Progress is told (done, total) after each batch."""
        total, done = sum(self._left(one, current) for one in columns), 0
        results = []
        progress(done, total)
        for one in columns:
            rows = failed = 0
            last: UUID | None = None
            while values := self._batch(one, current, last, batch):
                last = values[-1][0]
                changed, broken = self._renew(one, values)
                rows, failed, done = rows + changed, failed + broken, done + len(values)
                progress(min(done, total), total)
            results.append(Reencrypted(one.name, rows, failed))
        return tuple(results)

    def _left(self, one: EncryptedColumn, current: str) -> int:
        """Return how many values of a column are not under the current master key."""
        source, _, value = _parts(one)
        statement = select(func.count()).select_from(source).where(_is_not_under(value, current))
        with self._database.read() as connection:
            return connection.scalar(statement) or 0

    def under(self, one: EncryptedColumn, master: str) -> int:
        """Return how many values of a column are under a master key."""
        source, _, value = _parts(one)
        statement = select(func.count()).select_from(source).where(func.substr(value, 1, PREFIX) == prefix_of(master))
        with self._database.read() as connection:
            return connection.scalar(statement) or 0

    def named(self, one: KeyIdColumn, master: str) -> int:
        """Return how many rows name a master key."""
        kid: ColumnElement[str] = column(one.column, String)
        statement = select(func.count()).select_from(table(one.table)).where(kid == master)
        with self._database.read() as connection:
            return connection.scalar(statement) or 0

    def _batch(self, one: EncryptedColumn, current: str, last: UUID | None, size: int) -> list[tuple[UUID, bytes]]:
        source, row, value = _parts(one)
        statement = (
            select(row, value).select_from(source).where(_is_not_under(value, current)).order_by(row).limit(size)
        )
        if last is not None:
            statement = statement.where(row > last)
        with self._database.read() as connection:
            return [(found, bytes(ciphertext)) for found, ciphertext in connection.execute(statement)]

    def _renew(self, one: EncryptedColumn, values: Sequence[tuple[UUID, bytes]]) -> tuple[int, int]:
        source, row, value = _parts(one)
        changed = broken = 0
        with self._database.transaction() as connection:
            for found, ciphertext in values:
                try:
                    plaintext = self._envelope.decrypt(one.name, found.bytes, ciphertext)
                except CiphertextBroken:
                    broken += 1
                    continue
                renewed = {value: self._envelope.encrypt(one.name, found.bytes, plaintext)}
                statement = update(source).where(row == found, value == ciphertext).values(renewed)
                changed += connection.execute(statement).rowcount
        return changed, broken


def _parts(one: EncryptedColumn) -> tuple[TableClause, ColumnElement[UUID], ColumnElement[bytes]]:
    row, value = column(one.id_column, UUIDType), column(one.column, LargeBinary)
    return table(one.table, row, value), row, value


def _is_not_under(value: ColumnElement[bytes], master: str) -> ColumnElement[bool]:
    return and_(value.is_not(None), func.substr(value, 1, PREFIX) != prefix_of(master))
