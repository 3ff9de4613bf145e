"""Ending many sessions, or many grants, by a filter (rule A1).

Counted before the button exists, approved by a second officer above a threshold that adds up over 24 hours, done by the
worker in batches.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, update

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.columns import microseconds, moment_of
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.lease import LEASE, claim_first
from idp.foundation.outbox import OutboxMessage
from idp.interventions.chosen import Chosen, Ends, unpacked
from idp.interventions.events import MassEndingFinished, MassEndingStarted
from idp.interventions.models import MassEnding
from idp.sessions.filters import SessionFilter
from idp.sessions.models import OPSession
from idp.staff.changes import ChangeKind, Changes
from idp.staff.models import OfficerPower
from idp.staff.powers import Permission
from idp.staff.values import Change, Officer

KIND: Final = "sessions.end"
GRANTS: Final = "grants.end"
ENDED_BY_STAFF: Final = "ended_by_staff"
_COUNTS_FOR: Final = timedelta(hours=24)
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a mass ending has come."""

    id: UUID
    chosen: Chosen
    reason: str = field(repr=False)
    most: int
    ended: int
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryCount:
    """What one department was told, and has confirmed, refused for good, or is still to confirm."""

    client_id: str
    told: int
    confirmed: int
    failed: int
    waiting: int


class MassEndings:
    """Decides upon mass endings and carries them out."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        audit: Audit,
        *,
        ends: Ends,
        threshold: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._ends = ends
        self._threshold = threshold
        self.estimate_of_grants = ends.estimate_of_grants

    def change_kinds(self) -> tuple[ChangeKind, ...]:
        """Return the kinds of change that a second officer approves."""
        return tuple(ChangeKind(kind, Permission.END_SESSIONS, self._apply) for kind in (KIND, GRANTS))

    def needs_approval(self, officer: Officer, number: int) -> bool:
        """Tell whether so many more sessions or grants are too many for one officer's word."""
        since = self._clock.now() - _COUNTS_FOR
        statement = select(func.coalesce(func.sum(MassEnding.most), 0)).where(
            MassEnding.author_id == officer.person_id, MassEnding.created_at > since
        )
        with self._database.read() as connection:
            already: int = connection.scalar(statement) or 0
        return already + number > self._threshold

    def decide(self, chosen: Chosen, officer: Officer, reason: str, changes: Changes) -> UUID:
        """Begin the ending, or ask a second officer for it; returns the id of the one or of the other.

        What is ended is frozen now: the filter, what has begun by now, and how many these are.
        """
        with self._database.transaction() as connection:
            # One decision of an officer at a time: several at once would each find the day below the threshold.
            connection.execute(
                select(OfficerPower).where(OfficerPower.person_id == officer.person_id).with_for_update()
            )
            number = self._ends.count(chosen)
            began_until = self._clock.now()
            if not self.needs_approval(officer, number):
                return self._start(chosen, officer.person_id, officer.actor, reason, began_until, number)
            content = {"chosen": chosen.packed(), "began_until": microseconds(began_until), "most": number}
            kind, what = (KIND, "sessions") if isinstance(chosen, SessionFilter) else (GRANTS, "grants")
            target = f"{number} {what}"
            return changes.request(kind, target, content, author=officer, reason=reason, lifetime=_COUNTS_FOR)

    def _apply(self, change: Change, approver: Officer) -> None:
        content: dict[str, Any] = change.content
        self._start(
            unpacked(content["chosen"]),
            change.author_id,
            approver.actor,
            change.reason,
            moment_of(content["began_until"]),
            content["most"],
        )

    def _start(
        self, chosen: Chosen, author_id: UUID, actor: str, reason: str, began_until: datetime, most: int
    ) -> UUID:
        ending_id = self._entropy.uuid7()
        values = {
            "id": ending_id,
            "author_id": author_id,
            "actor": actor,
            "chosen": chosen.packed(),
            "reason": reason,
            "began_until": began_until,
            "most": most,
            "ended": 0,
            "created_at": self._clock.now(),
        }
        with self._database.transaction() as connection:
            connection.execute(insert(MassEnding), values)
            self._audit.record(
                MassEndingStarted(actor=actor, reason=reason, ending=str(ending_id), chosen=chosen.packed(), most=most)
            )
        return ending_id

    def progress(self, ending_id: UUID) -> Progress | None:
        """Return how far an ending has come."""
        with self._database.read() as connection:
            row = connection.execute(select(MassEnding).where(MassEnding.id == ending_id)).one_or_none()
        if row is None:
            return None
        return Progress(row.id, unpacked(row.chosen), row.reason, row.most, row.ended, row.created_at, row.finished_at)

    def deliveries(self, progress: Progress) -> list[DeliveryCount]:
        """Count, for each department, how many sessions it was told of and how many it has confirmed.

        The messages are those about sessions that this reason ended since the decision. Of a grant that ends alone
        nobody is told: the service finds its tokens refused.
        """
        if not isinstance(progress.chosen, SessionFilter):
            return []
        statement = (
            select(
                OutboxMessage.lane,
                func.count(),
                func.count(OutboxMessage.delivered_at),
                func.count(OutboxMessage.settled_at),
            )
            .join(OPSession, OPSession.id == OutboxMessage.about)
            .where(
                OPSession.end_reason == ENDED_BY_STAFF,
                OPSession.ended_at >= progress.created_at,
                replace(progress.chosen, state="all").condition(self._clock.now()),
                OutboxMessage.created_at >= progress.created_at,
            )
            .group_by(OutboxMessage.lane)
            .order_by(OutboxMessage.lane)
        )
        with self._database.read() as connection:
            return [
                DeliveryCount(lane, told, confirmed, settled - confirmed, told - settled)
                for lane, told, confirmed, settled in connection.execute(statement)
            ]

    def run(self, *, most_batches: int = 200) -> int:
        """Carry on with one ending that nobody else is at. Returns how many sessions or grants were ended."""
        ending_id = self._claim()
        total = 0
        if ending_id is None:
            return total
        for _ in range(most_batches):
            ended = self._batch(ending_id)
            if ended is None:
                break
            total += ended
        return total

    def _claim(self) -> UUID | None:
        unfinished = select(MassEnding.id).where(MassEnding.finished_at.is_(None)).order_by(MassEnding.created_at)
        with self._database.transaction() as connection:
            return claim_first(connection, MassEnding, unfinished, self._clock.now())

    def _batch(self, ending_id: UUID) -> int | None:
        """End the next batch and return how many that were; None when the ending is over.

        Batches follow each other by the id of what is ended. One that is not full is the last, but for what was
        committed behind it meanwhile: once more it begins at the first.
        """
        with self._database.transaction() as connection:
            locked = select(MassEnding).where(MassEnding.id == ending_id, MassEnding.finished_at.is_(None))
            row = connection.execute(locked.with_for_update()).one_or_none()
            if row is None:
                return None
            left = min(row.most - row.ended, _BATCH)
            batch = self._ends.end_batch(
                unpacked(row.chosen),
                began_until=row.began_until,
                after=row.reached,
                most=left,
                reason=ENDED_BY_STAFF,
                actor=row.actor,
            )
            now, ended = self._clock.now(), row.ended + len(batch)
            is_full = len(batch) == left
            values: dict[str, Any] = {
                "ended": ended,
                "reached": max(batch) if is_full and left else None,
                "leased_until": now + LEASE,
            }
            if ended >= row.most or (not is_full and row.reached is None):
                values |= {"finished_at": now, "leased_until": None}
                self._audit.record(MassEndingFinished(actor=row.actor, ending=str(ending_id), ended=ended))
            connection.execute(update(MassEnding).where(MassEnding.id == ending_id).values(**values))
        return len(batch)
