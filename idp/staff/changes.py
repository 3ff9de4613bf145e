"""Changes that need other officers' approval (rule A1): asked for, approved slot by slot, applied in the transaction of
the last approval.

What is applied is decided by ``ChangeKind`` records handed in, so that this package knows none of the features that
use it. The constraints of the tables hold even if this code errs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.staff.events import (
    ChangeApplied,
    ChangeApproved,
    ChangeEvent,
    ChangeRejected,
    ChangeRequested,
    ChangeSuperseded,
    ChangeWithdrawn,
    Standing,
)
from idp.staff.models import Approval, ChangeRequest, OfficerPower
from idp.staff.powers import Permission, Power, may
from idp.staff.values import Change, ChangeFilter, Officer

_LIFETIME: Final = timedelta(days=7)
_OVER: Final = marked("This request was decided or has expired meanwhile.")
_OTHER_CONTENT: Final = marked("The request is not the one you looked at. Look at it again.")
_AT_ONCE: Final = marked("Another officer approved this at the same moment. Look at it again.")
_OWN: Final = marked("Nobody approves their own request. Another officer has to.")
_TWICE: Final = marked("You have approved this already. Another officer has to.")
_NOT_YOURS: Final = marked("Your power does not include this approval.")
_AUTHOR_GONE: Final = marked(
    "Whoever asked for this has no power any more. Reject it; who still needs it asks for it anew."
)
_APPROVER_GONE: Final = marked(
    "An officer who approved this before you may approve no more. Reject it; who still needs it asks for it anew."
)


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """A kind of change: who approves it, and what is done when enough have. ``apply`` runs in the transaction of the
    last approval and raises UserError to refuse it, which leaves everything as it was.
    """

    name: str
    approved_with: Permission
    apply: Callable[[Change, Officer], None]


class Changes:
    """The change requests of this deployment."""

    def __init__(
        self, database: Database, clock: Clock, entropy: Entropy, audit: Audit, kinds: Iterable[ChangeKind]
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._kinds = {kind.name: kind for kind in kinds}
        self.kinds = tuple(sorted(self._kinds))

    def request(
        self,
        kind: str,
        target: str,
        content: Mapping[str, Any],
        *,
        author: Officer,
        reason: str,
        approvals: int = 1,
        lifetime: timedelta = _LIFETIME,
        subject_digest: bytes | None = None,
    ) -> UUID:
        """Ask for a change and return the request's id. ``subject_digest``: of the row it puts into force."""
        now, request_id = self._clock.now(), self._entropy.uuid7()
        digest = sha256(orjson.dumps([kind, target, content], option=orjson.OPT_SORT_KEYS))
        values = {
            "id": request_id,
            "kind": self._kinds[kind].name,
            "target": target,
            "author_id": author.person_id,
            "content": dict(content),
            "content_digest": digest,
            "subject_digest": subject_digest or digest,
            "reason": reason,
            "approvals_needed": approvals,
            "state": "open",
            "created_at": now,
            "expires_at": now + lifetime,
        }
        with self._database.transaction() as connection:
            connection.execute(insert(ChangeRequest), values)
            self._note(ChangeRequested, self.get(request_id), author, reason, before=None)
        return request_id

    def get(self, request_id: UUID) -> Change | None:
        """Return a request with its approvals."""
        with self._database.read() as connection:
            row = connection.execute(select(ChangeRequest).where(ChangeRequest.id == request_id)).one_or_none()
            approvers = connection.scalars(
                select(Approval.approver_id).where(Approval.request_id == request_id).order_by(Approval.slot)
            ).all()
        return None if row is None else _change_of(row, tuple(approvers), self._clock.now())

    def open_requests(self, *, target: str | None = None, limit: int = 200) -> list[Change]:
        """Return what waits, about everything or one target, oldest first."""
        now = self._clock.now()
        about = () if target is None else (ChangeRequest.target == target,)
        statement = (
            select(ChangeRequest)
            .where(ChangeRequest.state == "open", ChangeRequest.expires_at > now, *about)
            .order_by(ChangeRequest.created_at)
            .limit(limit)
        )
        return self._read(statement, now)

    def page(self, wanted: ChangeFilter, *, before: UUID | None, after: UUID | None, size: int) -> list[Change]:
        """Return the requests beside one in the list: what waits oldest first, as it is to be decided, the rest latest
        first. ``before`` asks for those further down, ``after`` for the nearest further up.
        """
        now = self._clock.now()
        is_ascending = (wanted.state == "open") != (after is not None)
        conditions = [_is_in(wanted.state, now)]
        if wanted.kind is not None:
            conditions.append(ChangeRequest.kind == wanted.kind)
        if wanted.targets is not None:
            conditions.append(ChangeRequest.target.in_(wanted.targets))
        if cursor := after or before:
            conditions.append(ChangeRequest.id > cursor if is_ascending else ChangeRequest.id < cursor)
        order = ChangeRequest.id.asc() if is_ascending else ChangeRequest.id.desc()
        found = self._read(select(ChangeRequest).where(*conditions).order_by(order).limit(size), now)
        return found if after is None else found[::-1]

    def _read(self, statement: Select[Any], now: datetime) -> list[Change]:
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            given = connection.execute(
                select(Approval.request_id, Approval.approver_id).where(
                    Approval.request_id.in_([row.id for row in rows])
                )
            ).all()
        return [
            _change_of(row, tuple(one.approver_id for one in given if one.request_id == row.id), now) for row in rows
        ]

    def approve(self, request_id: UUID, digest: str, officer: Officer) -> Change:
        """Say yes to a content; the last yes needed applies it. Returns the request as it then is. Raises UserError."""
        with self._database.transaction():
            change = self._open(request_id)
            if digest != change.digest:
                raise UserError(_OTHER_CONTENT)
            self._check(change, officer)
            self._check_powers(change, officer)
            self._fill_slot(change, officer)
        done = self.get(request_id)
        if done is None:
            raise UserError(_OVER)
        return done

    def _check(self, change: Change, officer: Officer) -> None:
        if not officer.holds(self._kinds[change.kind].approved_with):
            raise UserError(_NOT_YOURS)
        if officer.person_id == change.author_id:
            raise UserError(_OWN)
        if officer.person_id in change.approver_ids:
            raise UserError(_TWICE)

    def _check_powers(self, change: Change, officer: Officer) -> None:
        """Refuse where somebody whose word counts here has lost the power for it: whoever is let go may have asked, or
        said yes, for a thief. Their rows are held, so that a power taken away at this moment counts too.
        """
        people = {change.author_id, officer.person_id, *change.approver_ids}
        holding = (
            select(OfficerPower.person_id, OfficerPower.power)
            .where(OfficerPower.person_id.in_(people), OfficerPower.ended_at.is_(None))
            .order_by(OfficerPower.person_id)
            .with_for_update(read=True)
        )
        with self._database.transaction() as connection:
            powers = {person: Power(power) for person, power in connection.execute(holding)}
        needed = self._kinds[change.kind].approved_with

        def may_approve(person: UUID) -> bool:
            return person in powers and may(powers[person], needed)

        if not may_approve(officer.person_id):
            raise UserError(_NOT_YOURS)
        if change.author_id not in powers:
            raise UserError(_AUTHOR_GONE)
        if not all(map(may_approve, change.approver_ids)):
            raise UserError(_APPROVER_GONE)

    def _fill_slot(self, change: Change, officer: Officer) -> None:
        slot = len(change.approver_ids) + 1
        values = {
            "request_id": change.id,
            "slot": slot,
            "after_slot": slot - 1 or None,
            "target": change.target,
            "subject_digest": change.subject_digest,
            "author_id": change.author_id,
            "content_digest": bytes.fromhex(change.digest),
            "approver_id": officer.person_id,
            "approved_at": self._clock.now(),
        }
        with self._database.transaction() as connection:
            try:
                connection.execute(insert(Approval), values)
            except IntegrityError:
                raise UserError(_AT_ONCE) from None
            approved = Standing(state=change.state, approvals=slot)
            self._note(ChangeApproved, change, officer, None, slot=slot)
            if slot >= change.approvals_needed:
                self._close(change, "applied")
                self._kinds[change.kind].apply(change, officer)
                self._note(ChangeApplied, change, officer, change.reason, before=approved)

    def reject(self, request_id: UUID, officer: Officer, reason: str) -> None:
        """Say no: the request is over. Raises UserError."""
        with self._database.transaction():
            change = self._open(request_id)
            if not officer.holds(self._kinds[change.kind].approved_with):
                raise UserError(_NOT_YOURS)
            self._close(change, "rejected")
            self._note(ChangeRejected, change, officer, reason)

    def withdraw(self, request_id: UUID, officer: Officer) -> None:
        """Take one's own request back. Raises UserError."""
        with self._database.transaction():
            change = self._open(request_id)
            if change.author_id != officer.person_id:
                raise UserError(_NOT_YOURS)
            self._close(change, "withdrawn")
            self._note(ChangeWithdrawn, change, officer, None)

    def supersede(self, kind: str, target: str, officer: Officer) -> None:
        """End what waits of a kind about a target, and with it the approvals given: somebody asks anew."""
        with self._database.transaction():
            for change in self.open_requests(target=target):
                # One that was decided at this moment stays decided.
                if change.kind == kind and self._is_closed(change, "superseded"):
                    self._note(ChangeSuperseded, change, officer, None)

    def _open(self, request_id: UUID) -> Change:
        change = self.get(request_id)
        if change is None or change.state != "open":
            raise UserError(_OVER)
        return change

    def _close(self, change: Change, state: str) -> None:
        if not self._is_closed(change, state):
            raise UserError(_OVER)

    def _is_closed(self, change: Change, state: str) -> bool:
        """Close a request unless somebody else has; tell whether it was this call."""
        closing = (
            update(ChangeRequest)
            .where(ChangeRequest.id == change.id, ChangeRequest.state == "open")
            .values(state=state, decided_at=self._clock.now())
            .returning(ChangeRequest.id)
        )
        with self._database.transaction() as connection:
            return connection.scalar(closing) is not None

    def _note(
        self, event: type[ChangeEvent], change: Change | None, officer: Officer, reason: str | None, **values: Any
    ) -> None:
        if change is None:
            return
        self._audit.record(
            event(
                actor=officer.actor,
                reason=reason,
                request=str(change.id),
                kind=change.kind,
                target=change.target,
                content_digest=change.digest,
                **{"before": _standing(change), "after": _standing(self.get(change.id) or change)} | values,
            )
        )

    def count_waiting_for(self, officer: Officer) -> int:
        """Return how many requests wait for this officer's yes: of a kind that their power decides, another's, and not
        approved by them yet.
        """
        mine = [kind.name for kind in self._kinds.values() if officer.holds(kind.approved_with)]
        has_approved = exists().where(
            Approval.request_id == ChangeRequest.id, Approval.approver_id == officer.person_id
        )
        waiting = (
            ChangeRequest.state == "open",
            ChangeRequest.expires_at > self._clock.now(),
            ChangeRequest.kind.in_(mine),
            ChangeRequest.author_id != officer.person_id,
            ~has_approved,
        )
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(ChangeRequest).where(*waiting)) or 0


def _is_in(state: str, now: datetime) -> ColumnElement[bool]:
    """Return whether a request is in a state; nobody writes that one has expired."""
    if state == "open":
        return and_(ChangeRequest.state == "open", ChangeRequest.expires_at > now)
    if state == "expired":
        return and_(ChangeRequest.state == "open", ChangeRequest.expires_at <= now)
    return ChangeRequest.state == state


def _standing(change: Change) -> Standing:
    return Standing(state=change.state, approvals=len(change.approver_ids))


def _change_of(row: Row[Any], approvers: tuple[UUID, ...], now: datetime) -> Change:
    state = "expired" if row.state == "open" and row.expires_at <= now else row.state
    return Change(
        row.id,
        row.kind,
        row.target,
        row.author_id,
        row.content,
        row.content_digest.hex(),
        row.subject_digest,
        row.reason,
        row.approvals_needed,
        approvers,
        state,
        row.created_at,
        row.expires_at,
        row.decided_at,
    )
