"""The import itself: batch after batch, each one transaction of accounts, passwords, rejects and position.

What a password hash must look like and where it goes belongs to the layer of factors, which hands in two functions.
Nothing here gives an authenticator to, or raises the level of, a human who is already known (rule S6; see ``opening``).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from idp.accounts.draft import Draft, check
from idp.accounts.errors import AccountRefused, ImportRefused, Problem
from idp.accounts.events import ImportFinished, ImportStarted
from idp.accounts.importing.ledger import Ledger, Position, Reject
from idp.accounts.importing.lines import parse_line
from idp.accounts.importing.reader import Line, batches, digest_of
from idp.accounts.opening import Opening, Request
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.translation import marked

_BATCH: Final = 500
_ATTEMPTS: Final = 5
_BARRED: Final = marked("Accounts of this kind are opened by a signed-in officer only.")

OnReject = Callable[[Reject], None]
StorePasswords = Callable[[Connection, list[tuple[UUID, str]]], None]
CheckPasswordHash = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: lines and bytes include those of earlier runs."""

    lines: int
    bytes_done: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of a file in all its runs. ``resumed_at`` is the line where this run began."""

    import_id: UUID
    accepted: int
    rejected: int
    resumed_at: int
    was_finished: bool


OnProgress = Callable[[ImportProgress], None]


@dataclass(frozen=True, slots=True)
class _Good:
    """A line whose values are all valid."""

    number: int
    draft: Draft
    password_hash: str | None


_Judge = Callable[[Line], _Good | Reject | None]


class Importer:
    """Imports files into the accounts of one deployment."""

    def __init__(
        self, database: Database, clock: Clock, entropy: Entropy, audit: Audit, opening: Opening, *, environment: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._opening = opening
        self._environment = environment
        self._ledger = Ledger(database)

    def run(
        self,
        file: Path,
        *,
        store_password: StorePasswords,
        check_password_hash: CheckPasswordHash,
        on_reject: OnReject,
        on_progress: OnProgress,
        actor: str,
        barred: Collection[str] = (),
    ) -> ImportOutcome:
        """Import a file, or the rest of it. Rejects of earlier runs are told again, so that their list is whole.

        Who runs it may not open accounts of the kinds in ``barred``.
        """
        judge = partial(self._judged, check_password_hash=check_password_hash, barred=barred)
        start = self._position(digest_of(file), actor)
        for reject in self._ledger.rejects(start.import_id):
            on_reject(reject)
        position = start
        if not start.is_finished:
            with file.open("rb") as opened:
                opened.seek(start.next_offset)
                for lines in batches(opened, start.next_line, _BATCH):
                    position, rejects = self._batch(lines, position, judge, store_password, actor)
                    for reject in rejects:
                        on_reject(reject)
                    on_progress(_progress(position))
            self._finish(position, actor)
        return ImportOutcome(
            start.import_id, position.accepted, position.rejected, start.next_line, was_finished=start.is_finished
        )

    def _position(self, file_digest: bytes, actor: str) -> Position:
        known = self._ledger.find(file_digest)
        if known is not None:
            return known
        import_id = self._entropy.uuid7()
        with self._database.transaction() as connection:
            position = self._ledger.begin(connection, import_id, file_digest, self._clock.now())
            self._audit.record(ImportStarted(actor=actor, import_id=str(import_id), file_sha256=file_digest.hex()))
        return position

    def _batch(
        self,
        lines: Sequence[Line],
        old: Position,
        judge: _Judge,
        store_password: StorePasswords,
        actor: str,
    ) -> tuple[Position, list[Reject]]:
        """Write a batch of lines, and return the new position with what was rejected."""
        judged = [judge(line) for line in lines]
        good = [one for one in judged if isinstance(one, _Good)]
        bad = [one for one in judged if isinstance(one, Reject)]
        requests = [_request(one, old.import_id, actor) for one in good]
        for _attempt in range(_ATTEMPTS):
            try:
                with self._database.transaction() as connection:
                    _make_room(connection)
                    outcomes = self._opening.open(connection, requests)
                    rejects = sorted([*bad, *_refused(good, outcomes)], key=lambda reject: reject.line)
                    new = _after(old, lines[-1], accepted=len(good) + len(bad) - len(rejects), rejected=len(rejects))
                    self._ledger.advance(connection, old, new)
                    self._ledger.reject(connection, old.import_id, rejects)
                    store_password(connection, _passwords(good, outcomes))
            except IntegrityError:
                # Somebody took a value between our question and our INSERT: asked again, it is a bad line.
                continue
            return new, rejects
        raise ImportRefused(marked("Too much is changing at the same time. Start the import again."))

    def _judged(
        self, line: Line, *, check_password_hash: CheckPasswordHash, barred: Collection[str]
    ) -> _Good | Reject | None:
        """Return a line's draft or what is wrong with it, None for an empty line."""
        if line.data is None:
            return Reject(line.number, (Problem(None, marked("The line is too long.")),))
        if not line.data.strip():
            return None
        try:
            found = parse_line(line.data)
            draft = check(found.account, environment=self._environment, today=self._clock.now().date())
        except AccountRefused as refusal:
            return Reject(line.number, refusal.problems)
        if draft.kind.name in barred:
            return Reject(line.number, (Problem("kind", _BARRED),))
        fault = check_password_hash(found.password_hash) if found.password_hash else None
        if fault:
            return Reject(line.number, (Problem("password_hash", fault),))
        return _Good(line.number, draft, found.password_hash)

    def _finish(self, position: Position, actor: str) -> None:
        event = ImportFinished(
            actor=actor,
            import_id=str(position.import_id),
            accepted=position.accepted,
            rejected=position.rejected,
        )
        with self._database.transaction() as connection:
            self._ledger.advance(connection, position, position, self._clock.now())
            self._audit.record(event)


def _make_room(connection: Connection) -> None:
    """Let SQLite keep the pages of a batch in memory: digests are random, so each falls on another page of an index."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size = -65536")


def _request(one: _Good, import_id: UUID, actor: str) -> Request:
    return Request(
        draft=one.draft,
        actor=actor,
        brings_password=one.password_hash is not None,
        import_id=import_id,
        line=one.number,
    )


def _refused(good: Sequence[_Good], outcomes: Sequence[UUID | Problem]) -> list[Reject]:
    return [
        Reject(one.number, (outcome,))
        for one, outcome in zip(good, outcomes, strict=True)
        if isinstance(outcome, Problem)
    ]


def _after(old: Position, last: Line, *, accepted: int, rejected: int) -> Position:
    """Return the position behind a batch that ends with this line."""
    return replace(
        old,
        next_line=last.number + 1,
        next_offset=last.end,
        accepted=old.accepted + accepted,
        rejected=old.rejected + rejected,
    )


def _passwords(good: Sequence[_Good], outcomes: Sequence[UUID | Problem]) -> list[tuple[UUID, str]]:
    return [
        (outcome, one.password_hash)
        for one, outcome in zip(good, outcomes, strict=True)
        if isinstance(outcome, UUID) and one.password_hash is not None
    ]


def _progress(position: Position) -> ImportProgress:
    return ImportProgress(position.next_line - 1, position.next_offset, position.accepted, position.rejected)
