"""Ending, in batches, what a decision has made void at once (decision 0016): what a stopped client holds, or all.

Void at once means: the client's state refuses whatever it does, and ``store.is_spared`` every session that had begun by
the time of an unfinished sweep of all. So nobody waits for the batches but the departments, who are told by them, and
whoever would let the client in again (``conclude``): what is not ended yet would come back to life.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, select, update

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.lease import LEASE, claim_first
from idp.sessions import store
from idp.sessions.live_span import LiveSpan
from idp.sessions.models import OPSession, SessionSweep
from idp.sessions.termination import Terminator
from idp.sessions.values import Ended, EndedPage

_BATCH: Final = 500
_CONCLUDED_IN: Final = 4
# A node may believe for a second that the client still works (``registry.cache``), and its request then takes a while.
_SETTLED_AFTER: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Sweep:
    """How far a sweep has come."""

    id: UUID
    client_id: str | None
    created_at: datetime
    sessions: int
    client_sessions: int
    grants: int
    finished_at: datetime | None


class Sweeps:
    """Begins sweeps and carries them out."""

    def __init__(
        self, database: Database, clock: Clock, entropy: Entropy, *, terminator: Terminator, live_span: LiveSpan
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._terminator = terminator
        self._live_span = live_span

    def begin(self, client_id: str | None, *, reason: str, actor: str) -> UUID:
        """Let end what a client holds, None: every session there is. In the transaction of the decision."""
        now, sweep_id = self._clock.now(), self._entropy.uuid7()
        values = {
            "id": sweep_id,
            "client_id": client_id,
            "began_until": now,
            "end_reason": reason,
            "actor": actor,
            "created_at": now,
            **dict.fromkeys(("sessions", "client_sessions", "grants"), 0),
        }
        with self._database.transaction() as connection:
            connection.execute(insert(SessionSweep), values)
        return sweep_id

    def unfinished(self, client_id: str | None) -> Sweep | None:
        """Return the oldest sweep of a client, or of everything, that is under way."""
        columns = [getattr(SessionSweep, name) for name in Sweep.__slots__]
        statement = select(*columns).where(_is_about(client_id), SessionSweep.finished_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(statement.order_by(SessionSweep.created_at).limit(1)).one_or_none()
        return None if row is None else Sweep(*row)

    def run(self, sweep_id: UUID | None = None, *, most_batches: int = 200) -> Ended:
        """Carry on with one sweep, or with any that nobody else is at. Returns how much was ended."""
        claimed, total = self._claim(sweep_id), Ended()
        if claimed is None:
            return total
        for _ in range(most_batches):
            ended = self._batch(claimed)
            if ended is None:
                return total
            total += ended.counts
        self._leave(claimed)
        return total

    def conclude(self, client_id: str) -> bool:
        """End what is left of a client's sweeps, in the present transaction and unless that is much. Tells whether they
        are over.
        """
        running = (SessionSweep.client_id == client_id) & SessionSweep.finished_at.is_(None)
        with self._database.transaction() as connection:
            row = connection.execute(select(SessionSweep).where(running).with_for_update()).first()
            if row is None:
                return True
            beyond = self._live_span.begins()
            for _ in range(_CONCLUDED_IN):
                page = self._terminator.end_client_batch(
                    client_id, beyond=beyond, reason=row.end_reason, actor=row.actor
                )
                beyond = page.reached
                if page.is_last:
                    connection.execute(update(SessionSweep).where(running).values(finished_at=self._clock.now()))
                    return True
        return False

    def _claim(self, sweep_id: UUID | None) -> UUID | None:
        unfinished = select(SessionSweep.id).where(SessionSweep.finished_at.is_(None)).order_by(SessionSweep.created_at)
        chosen = unfinished if sweep_id is None else unfinished.where(SessionSweep.id == sweep_id)
        with self._database.transaction() as connection:
            return claim_first(connection, SessionSweep, chosen, self._clock.now())

    def _leave(self, sweep_id: UUID) -> None:
        """Let whoever comes first go on."""
        with self._database.transaction() as connection:
            connection.execute(update(SessionSweep).where(SessionSweep.id == sweep_id).values(leased_until=None))

    def _batch(self, sweep_id: UUID) -> Ended | None:
        """End the next batch; None when nothing is left for now.

        Batches follow each other by the id of the session. After the last comes a look from the first on, for what was
        committed behind them; and one when every node must know of the decision, which is the end of it.
        """
        with self._database.transaction() as connection:
            locked = select(SessionSweep).where(SessionSweep.id == sweep_id, SessionSweep.finished_at.is_(None))
            row = connection.execute(locked.with_for_update()).one_or_none()
            if row is None:
                return None
            self._database.plan_for_values()
            page = self._end_page(row)
            now, settles_at = self._clock.now(), row.created_at + _SETTLED_AFTER
            values: dict[str, Any] = {
                "sessions": row.sessions + page.ended.sessions,
                "client_sessions": row.client_sessions + page.ended.client_sessions,
                "grants": row.grants + page.ended.grants,
                "reached": None if page.is_last else page.reached,
                "leased_until": now + LEASE,
            }
            is_swept = page.is_last and row.reached is None
            if is_swept:
                values |= {"leased_until": settles_at} if now < settles_at else {"finished_at": now}
            connection.execute(update(SessionSweep).where(SessionSweep.id == sweep_id).values(**values))
        return None if is_swept and page.ended == Ended() else page.ended

    def _end_page(self, row: Row[Any]) -> EndedPage:
        beyond = max(one for one in (self._live_span.begins(), row.reached) if one is not None)
        if row.client_id is not None:
            return self._terminator.end_client_batch(
                row.client_id, beyond=beyond, reason=row.end_reason, actor=row.actor
            )
        chosen = store.is_live(self._clock.now()) & (OPSession.id > beyond) & (OPSession.created_at <= row.began_until)
        ended = self._terminator.end_batch(chosen, most=_BATCH, reason=row.end_reason, actor=row.actor)
        offline = Ended()
        if ended.sessions < _BATCH:
            offline = self._terminator.end_offline_batch(row.end_reason, until=row.began_until)
        is_last = ended.sessions < _BATCH and offline.grants < _BATCH
        return EndedPage(ended + offline, max(ended.session_ids, default=beyond), is_last)


def _is_about(client_id: str | None) -> ColumnElement[bool]:
    return SessionSweep.client_id.is_(None) if client_id is None else SessionSweep.client_id == client_id
