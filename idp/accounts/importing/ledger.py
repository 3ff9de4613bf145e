"""How far the import of each file has come, and the lines it rejected.

The position moves by one conditional UPDATE in the transaction of the batch it stands for (architecture, rule 3): of
two processes that import the same file at once, the one that comes second to a batch writes nothing of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from idp.accounts.errors import ImportRefused, Problem
from idp.accounts.models import AccountImport, AccountImportReject
from idp.foundation.database import Database
from idp.foundation.translation import marked

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Position:
    """Where an import stands."""

    import_id: UUID
    next_line: int
    next_offset: int
    accepted: int
    rejected: int
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Reject:
    """A bad line: its number and what is wrong with it."""

    line: int
    problems: tuple[Problem, ...]

    @property
    def reason(self) -> str:
        """The problems in English; translate ``problems`` for other languages."""
        return " ".join(f"{problem.field}: {problem}" if problem.field else str(problem) for problem in self.problems)


class Ledger:
    """Positions and rejects, in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, file_digest: bytes) -> Position | None:
        """Return where the import of a file stands, None if it was never begun."""
        model = AccountImport
        statement = select(
            model.id, model.next_line, model.next_offset, model.accepted, model.rejected, model.finished_at.is_not(None)
        ).where(model.file_digest == file_digest)
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Position(*row)

    def begin(self, connection: Connection, import_id: UUID, file_digest: bytes, now: datetime) -> Position:
        """Write the first position of a file."""
        start = Position(import_id, 1, 0, 0, 0, is_finished=False)
        values = {"id": import_id, "file_digest": file_digest, "started_at": now, "next_line": 1, "next_offset": 0}
        connection.execute(insert(AccountImport).values(values | {"accepted": 0, "rejected": 0}))
        return start

    def advance(
        self, connection: Connection, old: Position, new: Position, finished_at: datetime | None = None
    ) -> None:
        """Move from one position to the next. Raises ImportRefused if the import is no longer where it was."""
        statement = (
            update(AccountImport)
            .where(AccountImport.id == old.import_id, AccountImport.next_line == old.next_line)
            .where(AccountImport.finished_at.is_(None))
            .values(
                next_line=new.next_line,
                next_offset=new.next_offset,
                accepted=new.accepted,
                rejected=new.rejected,
                finished_at=finished_at,
            )
        )
        if connection.execute(statement).rowcount == 0:
            raise ImportRefused(marked("This file is being imported by another process."))

    def reject(self, connection: Connection, import_id: UUID, rejects: Sequence[Reject]) -> None:
        """Keep the rejects of a batch."""
        rows = [
            {
                "import_id": import_id,
                "line": reject.line,
                "problems": [[problem.field, problem.message, dict(problem.values)] for problem in reject.problems],
            }
            for reject in rejects
        ]
        if rows:
            connection.execute(insert(AccountImportReject), rows)

    def rejects(self, import_id: UUID) -> Iterator[Reject]:
        """Yield every reject of an import so far, in the order of the lines."""
        model, last = AccountImportReject, 0
        while True:
            statement = select(model.line, model.problems).where(model.import_id == import_id, model.line > last)
            with self._database.read() as connection:
                rows = connection.execute(statement.order_by(model.line).limit(_BATCH)).all()
            for line, problems in rows:
                yield Reject(line, tuple(Problem(*problem) for problem in problems))
            if len(rows) < _BATCH:
                return
            last = rows[-1].line
