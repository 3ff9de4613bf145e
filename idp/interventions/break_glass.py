"""The break-glass (rule A2): two custodians together, for one hour, when officers are lost or locked out.

One asks, another confirms within a quarter of an hour; from then the session that asked may see and stop, for an hour.
Every step is one conditional statement, is recorded, and alarms everybody with a key or an officer's power. It stands
on both keys: when one of the two is no custodian any more, or is kept out, it is over.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, exists, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from idp.accounts.events import AccountClosed, AccountLocked, AccountRestricted
from idp.accounts.models import Account
from idp.accounts.restrictions import is_unrestricted
from idp.audit.events import Event
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.columns import Instant
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.alerts.glass_alarm import GlassAlarm
from idp.interventions.events import (
    BreakGlassAsked,
    BreakGlassEnded,
    BreakGlassEvent,
    BreakGlassOpened,
    BreakGlassUsed,
)
from idp.interventions.models import BreakGlassRow
from idp.sessions.models import OPSession
from idp.sessions.service import Sessions
from idp.sessions.values import Selector
from idp.staff.events import PowerEnded, PowerGranted
from idp.staff.models import OfficerPower
from idp.staff.powers import Permission, Power
from idp.staff.values import Glass, Officer

CONFIRMED_WITHIN: Final = timedelta(minutes=15)
OPEN_FOR: Final = timedelta(hours=1)
END_REASON: Final = "break_glass_ended"
KEY_WITHDRAWN: Final = "key_withdrawn"
_ACCOUNT: Final = "account:"
_SLOT: Final = 1
_WITHDRAW: Final = (PowerEnded, PowerGranted, AccountLocked, AccountRestricted, AccountClosed)
"""What may have taken a key from somebody."""
_ANOTHER: Final = marked("A break-glass is under way already. There is one at a time.")
_OVER: Final = marked("This request was confirmed, has ended or has expired meanwhile.")
_OWN: Final = marked("Another custodian has to confirm: two keys open the glass together.")


def is_for(glass: Glass | None, officer: Officer, session_id: UUID) -> bool:
    """Tell whether an open glass gives its permissions to this officer in this session."""
    return (
        glass is not None
        and glass.until is not None
        and officer.power is Power.CUSTODIAN
        and (glass.opener_id, glass.session_id) == (officer.person_id, session_id)
    )


class BreakGlass:
    """Asks for, confirms, ends and watches the break-glass of this deployment; there is one at a time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        audit: Audit,
        *,
        sessions: Sessions,
        alarm: GlassAlarm,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._sessions = sessions
        self._alarm = alarm
        audit.subscribe(self.recorded)

    def current(self) -> Glass | None:
        """Return the glass that waits or is open; one SELECT. One whose time is up ends here, and one that no longer
        has both keys.
        """
        now = self._clock.now()
        statement = select(BreakGlassRow, _stands(now).label("stands")).where(BreakGlassRow.ended_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        glass = _glass_of(row)
        if not row.stands:
            self._end(glass, ~_stands(now), actor="system", reason=KEY_WITHDRAWN)
            return None
        if (glass.until or glass.confirm_until) > now:
            return glass
        # What was confirmed since it was read is no longer what was seen: its hour has only begun.
        is_same = BreakGlassRow.until.is_(None) if glass.until is None else BreakGlassRow.until == glass.until
        self._end(glass, is_same, actor="system")
        return None

    def recorded(self, event: Event) -> None:
        """End the glass with whatever took one of its keys away, in the same transaction."""
        if isinstance(event, _WITHDRAW):
            self.current()

    def ask(self, officer: Officer, session_id: UUID, reason: str) -> None:
        """Ask for the glass to be opened for this session. Raises UserError."""
        now, glass_id = self._clock.now(), self._entropy.uuid7()
        values = {
            "id": glass_id,
            "slot": _SLOT,
            "opener_id": officer.person_id,
            "account_id": officer.account_id,
            "session_id": session_id,
            "reason": reason,
            "asked_at": now,
            "confirm_until": now + CONFIRMED_WITHIN,
        }
        self.current()
        try:
            with self._database.transaction() as connection:
                connection.execute(insert(BreakGlassRow), values)
                self._note(BreakGlassAsked, glass_id, officer.actor, session_id=session_id, reason=reason)
                self._alarm.sound(glass_id, "asked")
        except IntegrityError:
            raise UserError(_ANOTHER) from None

    def confirm(self, glass_id: UUID, officer: Officer) -> None:
        """Turn the second key: open the glass for an hour. Raises UserError."""
        now = self._clock.now()
        opening = (
            update(BreakGlassRow)
            .where(
                BreakGlassRow.id == glass_id,
                BreakGlassRow.ended_at.is_(None),
                BreakGlassRow.confirmer_id.is_(None),
                BreakGlassRow.confirm_until > now,
                BreakGlassRow.opener_id != officer.person_id,
                _holds_key(BreakGlassRow.opener_id, now),
                _holds_key(officer.person_id, now),
                exists(
                    select(OPSession.id).where(OPSession.id == BreakGlassRow.session_id, OPSession.ended_at.is_(None))
                ),
            )
            .values(confirmer_id=officer.person_id, opened_at=now, until=now + OPEN_FOR)
            .returning(BreakGlassRow.session_id)
        )
        with self._database.transaction() as connection:
            session_id = connection.scalar(opening)
            if session_id is None:
                raise UserError(_OWN if self._is_opener(glass_id, officer) else _OVER)
            self._note(BreakGlassOpened, glass_id, officer.actor, session_id=session_id)
            self._alarm.sound(glass_id, "opened")

    def end(self, glass_id: UUID, officer: Officer) -> bool:
        """End it at once, and the session it was for; tell whether it was this call."""
        glass = self.current()
        if glass is None or glass.id != glass_id:
            return False
        return self._end(glass, actor=officer.actor, ended_by=officer.person_id)

    def note_use(self, officer: Officer, permission: Permission, method: str) -> None:
        """Record that the glass is used, before it is; alarm once about each permission."""
        if officer.glass is None:
            return
        with self._database.transaction():
            self._audit.record(
                BreakGlassUsed(
                    actor=officer.actor,
                    account_id=officer.account_id,
                    session_id=officer.glass.session_id,
                    glass=str(officer.glass.id),
                    permission=permission.value,
                    method=method,
                )
            )
            self._alarm.sound(officer.glass.id, "used", permission.value)

    def _end(
        self,
        glass: Glass,
        *conditions: ColumnElement[bool],
        actor: str,
        ended_by: UUID | None = None,
        reason: str | None = None,
    ) -> bool:
        ending = (
            update(BreakGlassRow)
            .where(BreakGlassRow.id == glass.id, BreakGlassRow.ended_at.is_(None), *conditions)
            .values(ended_at=self._clock.now(), ended_by=ended_by)
            .returning(BreakGlassRow.session_id, BreakGlassRow.until)
        )
        with self._database.transaction() as connection:
            row = connection.execute(ending).one_or_none()
            if row is None:
                return False
            if row.until is not None:
                self._sessions.terminate(Selector(session_id=row.session_id), reason=END_REASON, actor=actor)
            self._note(BreakGlassEnded, glass.id, actor, session_id=row.session_id, reason=reason)
            self._alarm.sound(glass.id, "ended")
        return True

    def _is_opener(self, glass_id: UUID, officer: Officer) -> bool:
        theirs = (BreakGlassRow.id == glass_id, BreakGlassRow.opener_id == officer.person_id)
        with self._database.read() as connection:
            return bool(connection.scalar(select(exists(select(BreakGlassRow.id).where(*theirs)))))

    def _note(
        self,
        event: type[BreakGlassEvent],
        glass_id: UUID,
        actor: str,
        *,
        session_id: UUID,
        reason: str | None = None,
    ) -> None:
        account_id = UUID(actor.removeprefix(_ACCOUNT)) if actor.startswith(_ACCOUNT) else None
        self._audit.record(
            event(actor=actor, account_id=account_id, session_id=session_id, reason=reason, glass=str(glass_id))
        )


def _stands(now: datetime) -> ColumnElement[bool]:
    """Return the condition that whoever turned a key of the glass still holds it."""
    confirmer = BreakGlassRow.confirmer_id
    return _holds_key(BreakGlassRow.opener_id, now) & or_(confirmer.is_(None), _holds_key(confirmer, now))


def _holds_key(person: InstrumentedAttribute[Any] | UUID, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a human is a custodian, and that nothing keeps their account out."""
    return exists(
        select(OfficerPower.person_id)
        .join(Account, Account.id == OfficerPower.account_id)
        .where(
            OfficerPower.person_id == person,
            OfficerPower.power == Power.CUSTODIAN.value,
            OfficerPower.ended_at.is_(None),
            Account.locked_at.is_(None),
            Account.closed_at.is_(None),
            is_unrestricted(literal(now, Instant)),
        )
    )


def _glass_of(row: Row[*tuple[Any, ...]]) -> Glass:
    return Glass(
        row.id,
        row.opener_id,
        row.account_id,
        row.session_id,
        row.reason,
        row.asked_at,
        row.confirm_until,
        row.confirmer_id,
        row.until,
    )
