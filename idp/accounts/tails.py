"""The ends of numbers: the last six characters of an ID number and the last four digits of a phone number, which people
tell the help desk where the whole number is too much.

They are found by keyed digests, under a key of its own for each kind (architecture, rule 1). An end names many people:
it only ever leads to a list of masks.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import bindparam, func, select, update

from idp.accounts.models import Account, NaturalPerson
from idp.foundation.database import Database
from idp.keyring.errors import CiphertextBroken
from idp.keyring.service import Keyring

_ID_TAIL: Final = re.compile(r"[0-9]{5}[0-9X]")
_PHONE_TAIL: Final = re.compile(r"[0-9]{4}")
_LONGEST: Final = 40
_BATCH: Final = 500

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Tails:
    """What somebody typed into the search box: the end of an ID number, of a phone number, or of both."""

    id_number: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the ends that a text consists of, None if it is something else."""
        words = unicodedata.normalize("NFKC", text[:_LONGEST]).upper().split()
        numbers = [word for word in words if _ID_TAIL.fullmatch(word)]
        phones = [word for word in words if _PHONE_TAIL.fullmatch(word)]
        if not words or len(numbers) + len(phones) < len(words) or len(numbers) > 1 or len(phones) > 1:
            return None
        return cls(next(iter(numbers), None), next(iter(phones), None))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return which numbers are meant."""
        return tuple(name for name in ("id_number", "phone") if getattr(self, name))


def id_tail(number: str | None, keyring: Keyring) -> bytes | None:
    """Return the blind index of the end of an ID number, whole or not."""
    return keyring.index("id_tail", number[-6:]) if number else None


def phone_tail(number: str | None, keyring: Keyring) -> bytes | None:
    """Return the blind index of the end of a phone number, whole or not."""
    return keyring.index("phone_tail", number[-4:]) if number else None


@dataclass(frozen=True, slots=True)
class _Source:
    """A column of numbers and the column of their ends."""

    table: type[Account | NaturalPerson]
    number: str
    digest: str
    of: Callable[[str | None, Keyring], bytes | None]


_SOURCES: Final = (
    _Source(NaturalPerson, "id_number", "id_tail_digest", id_tail),
    _Source(Account, "phone", "phone_tail_digest", phone_tail),
)


class TailIndexing:
    """Indexes the ends of numbers that were stored before there was an index. May stop anywhere and be run again."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    def run(self, progress: Progress) -> tuple[int, int]:
        """Index what is missing; returns how many rows, and how many could not be read. Progress: (done, total)."""
        total = sum(self._left(source) for source in _SOURCES)
        done = failed = 0
        progress(done, total)
        for source in _SOURCES:
            last: UUID | None = None
            while rows := self._batch(source, last):
                last = rows[-1][0]
                failed += self._index(source, rows)
                done += len(rows)
                progress(min(done, total), total)
        return done - failed, failed

    def _missing(self, source: _Source) -> tuple[Any, ...]:
        columns = source.table.__table__.columns
        missing = (columns[source.number].is_not(None), columns[source.digest].is_(None))
        # A closed account is found by its number no more.
        return (*missing, Account.closed_at.is_(None)) if source.table is Account else missing

    def _left(self, source: _Source) -> int:
        statement = select(func.count()).select_from(source.table).where(*self._missing(source))
        with self._database.read() as connection:
            return connection.scalar(statement) or 0

    def _batch(self, source: _Source, last: UUID | None) -> Sequence[tuple[UUID, bytes]]:
        columns = source.table.__table__.columns
        row = columns["id"]
        statement = select(row, columns[source.number]).where(*self._missing(source)).order_by(row).limit(_BATCH)
        if last is not None:
            statement = statement.where(row > last)
        with self._database.read() as connection:
            return [(found, bytes(ciphertext)) for found, ciphertext in connection.execute(statement)]

    def _index(self, source: _Source, rows: Sequence[tuple[UUID, bytes]]) -> int:
        """Write the digests of a batch; a number that changed meanwhile is left to who changed it."""
        table = source.table.__table__
        name = f"{table.name}.{source.number}"  # type: ignore[attr-defined]
        values, failed = [], 0
        for found, ciphertext in rows:
            try:
                number = self._keyring.decrypt(name, found, ciphertext).decode()
            except CiphertextBroken:
                failed += 1
                continue
            values.append({"row": found, "old": ciphertext, "tail": source.of(number, self._keyring)})
        statement = (
            update(source.table)
            .where(table.columns["id"] == bindparam("row"), table.columns[source.number] == bindparam("old"))
            .values({source.digest: bindparam("tail")})
        )
        if values:
            with self._database.transaction() as connection:
                connection.execute(statement, values)
        return failed
