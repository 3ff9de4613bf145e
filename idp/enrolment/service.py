"""Changing the password, setting up and removing authenticator apps and passkeys, making recovery codes.

Each use case first asks for a recent sign-in (``StepUpNeeded``) and answers with a value. Other sessions end in the
same transaction when the person asks for it (ASVS 7.4.3).
"""

from datetime import timedelta
from uuid import UUID

from idp.accounts.kinds import KINDS_BY_NAME
from idp.accounts.service import Accounts
from idp.enrolment.rules import acr_to_reach, can_add, can_remove_app, can_remove_passkey, held, is_recent
from idp.enrolment.values import (
    Added,
    Changed,
    Kept,
    Methods,
    NewCodes,
    NothingPending,
    NothingToReplace,
    StepUpNeeded,
    WrongCurrentPassword,
)
from idp.factors.assurance import VerifiedFactor
from idp.factors.factor import WrongCode
from idp.factors.hashing_pool import Busy
from idp.factors.passkey.values import PasskeyRefused
from idp.factors.password_rules import PasswordProblem, least_length, problem_with
from idp.factors.service import Factors
from idp.factors.totp import PendingTOTP
from idp.factors.values import AuthenticatorView, Enrolled
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.throttle import Counter, Limit, Refused, Throttle
from idp.keyring.service import Keyring
from idp.sessions.devices import Devices
from idp.sessions.service import Sessions
from idp.sessions.values import Browser, Selector, Session

_REASON = "credentials_changed"
_TRIES = Limit(3, 10, remembers=timedelta(hours=1))


PasswordOutcome = Changed | StepUpNeeded | WrongCurrentPassword | PasswordProblem | Busy | Refused


class _SessionEnded(Exception):
    """Roll back: the session has ended meanwhile."""


class Enrolment:
    """What people change about their own means of sign-in."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        keyring: Keyring,
        *,
        accounts: Accounts,
        factors: Factors,
        sessions: Sessions,
        devices: Devices,
        throttle: Throttle,
    ) -> None:
        self._database = database
        self._clock = clock
        self._keyring = keyring
        self._accounts = accounts
        self._factors = factors
        self._sessions = sessions
        self._devices = devices
        self._throttle = throttle

    def methods(self, session: Session) -> Methods:
        """Return the means of sign-in of the person signed in."""
        enrolled = self._factors.enrolled(session.account_id)
        return Methods(
            enrolled,
            can_remove_app=can_remove_app(session.account_kind, enrolled),
            can_remove_passkey=can_remove_passkey(session.account_kind, enrolled),
            least_password_length=least_length(has_second_factor=enrolled.has_second_factor),
        )

    def step_up_for(self, session: Session) -> StepUpNeeded | None:
        """Return what has to be proved before a credential may be changed, None if it was proved not long ago."""
        return self._step_up(session, self._factors.enrolled(session.account_id))

    def change_password(self, session: Session, current: str, new: str, *, end_others: bool) -> PasswordOutcome:
        """Change the password of the person signed in, who gives the present one too (ASVS 6.2.3). Refresh tokens that
        hang on no live session end with the old one, whatever becomes of the other sessions.
        """
        account_id = session.account_id
        enrolled = self._factors.enrolled(account_id)
        step_up = self._step_up(session, enrolled)
        if step_up is not None:
            return step_up
        refusal = self._check_current(enrolled, current)
        if refusal is not None:
            return refusal
        has_second, context = enrolled.has_second_factor, self._factors.password_context(account_id)
        problem = problem_with(new, has_second_factor=has_second, context=context)
        if problem is not None:
            return problem
        verifier = self._factors.prepare_password(account_id, new, has_second_factor=has_second, context=context)
        with self._database.transaction():
            self._factors.store_password(account_id, verifier, actor=_actor(session))
            # Whoever knew the old password may have left a refresh token behind (RFC 9700 §4.14.2).
            self._sessions.end_spared(account_id, reason=_REASON, actor=_actor(session))
            if end_others:
                self._end_others(session)
        return Changed()

    def begin_totp(self, session: Session, account_name: str) -> PendingTOTP | StepUpNeeded | Kept:
        """Make the secret of another authenticator app; Kept when there are too many already."""
        enrolled = self._factors.enrolled(session.account_id)
        step_up = self._step_up(session, enrolled)
        if step_up is not None:
            return step_up
        return (
            self._factors.begin_totp(session.account_id, account_name, str(session.id))
            if can_add(enrolled, "totp")
            else Kept()
        )

    def pending_totp(self, session: Session, account_name: str) -> PendingTOTP | None:
        """Return the secret under way, to show it again beside a wrong code; None for who may not make one now."""
        if self.step_up_for(session) is not None:
            return None
        return self._factors.pending_totp(session.account_id, account_name, str(session.id))

    def confirm_totp(
        self, session: Session, code: str, label: str
    ) -> Added | WrongCode | StepUpNeeded | NothingPending:
        """Set up the authenticator app with its first code, which also raises the session."""
        step_up = self.step_up_for(session)
        if step_up is not None:
            return step_up
        try:
            with self._database.transaction():
                return self._confirmed(session, code, label)
        except _SessionEnded:
            return NothingPending()

    def _confirmed(self, session: Session, code: str, label: str) -> Added | WrongCode | NothingPending:
        outcome = self._factors.confirm_totp(
            session.account_id, code, label=label, actor=_actor(session), browser=str(session.id)
        )
        if outcome is None:
            return NothingPending()
        if isinstance(outcome, WrongCode):
            return outcome
        return self._raised(session, "totp")

    def begin_passkey(self, session: Session, account_name: str) -> str | StepUpNeeded | Kept:
        """Return what the browser is asked to make a passkey with, as JSON; Kept when there are too many already."""
        enrolled = self._factors.enrolled(session.account_id)
        step_up = self._step_up(session, enrolled)
        if step_up is not None:
            return step_up
        if not can_add(enrolled, "passkey"):
            return Kept()
        needs_attestation = _needs_attestation(session)
        return self._factors.begin_passkey(
            str(session.id), session.account_id, account_name, needs_attestation=needs_attestation
        )

    def add_passkey(
        self, session: Session, response: str, label: str
    ) -> Added | PasskeyRefused | StepUpNeeded | NothingPending:
        """Set up the passkey that the browser has made, which also raises the session."""
        step_up = self.step_up_for(session)
        if step_up is not None:
            return step_up
        try:
            with self._database.transaction():
                outcome = self._factors.add_passkey(
                    str(session.id),
                    session.account_id,
                    response,
                    label,
                    needs_attestation=_needs_attestation(session),
                    actor=_actor(session),
                )
                return outcome if isinstance(outcome, PasskeyRefused) else self._raised(session, outcome.kind)
        except _SessionEnded:
            return NothingPending()

    def _raised(self, session: Session, kind: str) -> Added:
        """Raise a session by what was proved just now: it is worth more, under a new id (ASVS 7.2.4)."""
        proved = [VerifiedFactor(kind, self._clock.now())]
        raised = self._sessions.open(session.account_id, proved, session.interaction_id, Browser(), replacing=session)
        if raised is None or raised.session_id != session.id:
            raise _SessionEnded
        return Added(raised.cookie)

    def make_recovery_codes(self, session: Session) -> NewCodes | StepUpNeeded | NothingToReplace:
        """Make ten new recovery codes, ending the old ones. Beside a password alone they would be asked for at every
        sign-in, and whoever has used them up could not sign in any more.
        """
        step_up = self.step_up_for(session)
        if step_up is not None:
            return step_up
        with self._database.transaction():
            # The last app may go at the same time, and takes the codes along that it sees.
            self._accounts.hold(session.account_id)
            if not self._factors.enrolled(session.account_id).has_second_factor:
                return NothingToReplace()
            return NewCodes(self._factors.make_recovery_codes(session.account_id, actor=_actor(session)))

    def remove(self, session: Session, authenticator_id: UUID) -> Changed | Kept | StepUpNeeded:
        """Remove an authenticator app or passkey of the person signed in. Recovery codes go with the last of them."""
        enrolled = self._factors.enrolled(session.account_id)
        step_up = self._step_up(session, enrolled)
        if step_up is not None:
            return step_up
        with self._database.transaction():
            # Two removals at once would each see another one that it leaves.
            self._accounts.hold(session.account_id)
            return self._removed(session, authenticator_id)

    def _removed(self, session: Session, authenticator_id: UUID) -> Changed | Kept:
        enrolled = self._factors.enrolled(session.account_id)
        if authenticator_id not in _removable(session, enrolled):
            return Kept()
        gone = [authenticator_id]
        if not any(view.id != authenticator_id for view in held(enrolled)):
            # Codes that stand in for it are worth nothing without one, and would be asked for at every sign-in.
            gone += [view.id for view in enrolled.of_kind("recovery_code")]
        for identifier in gone:
            self._factors.remove(session.account_id, identifier, actor=_actor(session))
        return Changed()

    def _end_others(self, session: Session) -> None:
        """End every other session of the person signed in; no browser is remembered any more."""
        self._devices.forget(session.account_id)
        selector = Selector(account_id=session.account_id, other_than=session.id)
        self._sessions.terminate(selector, reason=_REASON, actor=_actor(session))

    def _check_current(self, enrolled: Enrolled, current: str) -> Busy | Refused | WrongCurrentPassword | None:
        key = self._keyring.index("throttle", f"change:{enrolled.account_id}")
        place = self._factors.reserve(key)
        if isinstance(place, Busy):
            return place
        with place:
            charged = self._throttle.charge([Counter(key, _TRIES)])
            if isinstance(charged, Refused):
                return charged
            if not self._factors.check_password(place, enrolled, key, current).is_right:
                return WrongCurrentPassword()
        self._throttle.succeeded([Counter(key, _TRIES)])
        return None

    def _step_up(self, session: Session, enrolled: Enrolled) -> StepUpNeeded | None:
        if is_recent(session.factors, enrolled, self._clock.now()):
            return None
        return StepUpNeeded(acr_to_reach(enrolled))


def _removable(session: Session, enrolled: Enrolled) -> set[UUID]:
    views: tuple[AuthenticatorView, ...] = ()
    if can_remove_app(session.account_kind, enrolled):
        views += enrolled.of_kind("totp")
    if can_remove_passkey(session.account_kind, enrolled):
        views += enrolled.of_kind("passkey")
    return {view.id for view in views}


def _needs_attestation(session: Session) -> bool:
    return KINDS_BY_NAME[session.account_kind].passkeys == "attested"


def _actor(session: Session) -> str:
    return f"account:{session.account_id}"
