"""Whose sign-in a visit is, and what it has proved: the attempt under way and the live session of this browser,
together.

A session's factors count unless the client wants fresh ones, or the session was raised for this very interaction (rule
S1); a second factor of it counts only while it has not decayed (rule S7). Reads, never writes.
"""

from dataclasses import dataclass
from uuid import UUID

from idp.accounts.requirements import Requirement, Requirements
from idp.accounts.service import Accounts
from idp.accounts.views import MembershipView
from idp.factors.assurance import Decay, VerifiedFactor, proves_attested_key, proves_possession
from idp.factors.passkey import KIND as PASSKEY
from idp.factors.service import Factors
from idp.factors.values import Enrolled
from idp.foundation.clock import Clock
from idp.interactions import Interaction
from idp.sessions.devices import Devices, KnownDevice
from idp.sessions.values import Session
from idp.sign_in.attempts import Attempts
from idp.sign_in.journey import Standing, Step, next_step
from idp.sign_in.requirements import needs_attested_key
from idp.sign_in.throttling import Origin
from idp.sign_in.values import Attempt, Situation, Visit

_ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose sign-in it is. ``session`` is the live one of this account, if its factors count for the interaction."""

    account_id: UUID
    account_kind: str
    attempt: Attempt | None
    session: Session | None


@dataclass(frozen=True, slots=True)
class Position:
    """A subject, how far it has come, and what was read to find out. ``enrolled`` None: it made no difference.
    ``requirement`` is what an officer wants renewed.
    """

    subject: Subject
    standing: Standing
    step: Step
    enrolled: Enrolled | None
    devices: tuple[KnownDevice, ...]
    memberships: tuple[MembershipView, ...] = ()
    requirement: Requirement | None = None

    @property
    def is_new_device(self) -> bool:
        """Tell whether the account has not signed in from this browser before."""
        return all(device.account_id != self.subject.account_id for device in self.devices)

    @property
    def organization_id(self) -> UUID | None:
        """Return the organization to act for: the chosen one, or the only one there is."""
        if self.subject.attempt is not None and self.subject.attempt.organization_id is not None:
            return self.subject.attempt.organization_id
        return self.memberships[0].organization_id if len(self.memberships) == 1 else None


class Standings:
    """Finds out where visits stand."""

    def __init__(
        self,
        clock: Clock,
        attempts: Attempts,
        *,
        accounts: Accounts,
        requirements: Requirements,
        factors: Factors,
        devices: Devices,
        decay: Decay,
    ) -> None:
        self._clock = clock
        self._attempts = attempts
        self._accounts = accounts
        self._requirements = requirements
        self._factors = factors
        self._devices = devices
        self._decay = decay

    def subject_of(self, visit: Visit, interaction: Interaction) -> Subject | None:
        """Return whose sign-in a visit is, None when nothing has been proved."""
        attempt, session = self._attempts.of(visit.presession), visit.session
        # What somebody else left open in this browser is no part of a step-up of who is signed in.
        if attempt is not None and (session is None or _is_about(attempt, session, interaction)):
            return self.subject_with(attempt, visit, interaction)
        if session is None:
            return None
        return Subject(session.account_id, session.account_kind, None, self._counting(visit, interaction))

    def subject_with(self, attempt: Attempt, visit: Visit, interaction: Interaction) -> Subject:
        """Return the subject of an attempt; the browser's session counts only if it is the same account's."""
        session = self._counting(visit, interaction)
        is_same = session is not None and session.account_id == attempt.account_id
        return Subject(attempt.account_id, attempt.account_kind, attempt, session if is_same else None)

    def position(
        self, subject: Subject, visit: Visit, interaction: Interaction, devices: tuple[KnownDevice, ...]
    ) -> Position:
        """Return how far a subject has come. What makes no difference any more is not read."""
        factors = self._factors_of(subject, interaction)
        enrolled = subject.attempt.enrolled if subject.attempt is not None else None
        is_proved = proves_attested_key if needs_attested_key(interaction.acr_needed) else proves_possession
        if enrolled is None and not is_proved(factors):
            enrolled = self._factors.enrolled(subject.account_id)
        memberships: tuple[MembershipView, ...] = ()
        if subject.account_kind == _ENTERPRISE and subject.session is None:
            memberships = self._accounts.memberships(subject.account_id)
        attempt = subject.attempt
        requirement = None
        if attempt is not None and attempt.must_renew:
            requirement = self._requirements.renewal(attempt.account_id)
        standing = Standing(
            account_kind=subject.account_kind,
            factors=factors,
            is_signed_in=subject.session is not None,
            password_is_short=attempt is not None and attempt.password_is_short,
            has_second_factor=enrolled is None or enrolled.has_second_factor,
            has_attested_passkey=enrolled is None or enrolled.has_attested_passkey,
            # Someone signed in already is asked for what is missing, remembered or not.
            is_remembered=visit.session is None and self._devices.is_remembered(devices, subject.account_id),
            must_choose_organization=len(memberships) > 1 and (attempt is None or attempt.organization_id is None),
            must_renew_password=requirement is not None and not requirement.password_renewed,
            must_renew_factor=requirement is not None and requirement.factor is not None,
        )
        step = next_step(standing, interaction, self._clock.now())
        return Position(subject, standing, step, enrolled, devices, memberships, requirement)

    def devices_of(self, visit: Visit) -> tuple[KnownDevice, ...]:
        """Return the devices that a browser is; none without a cookie, whichever account is named."""
        return self._devices.of_browser(visit.device) if visit.device else ()

    def origin_of(self, visit: Visit, account_id: UUID, devices: tuple[KnownDevice, ...]) -> Origin:
        """Return where a try of this account comes from."""
        known = next((device.id for device in devices if device.account_id == account_id), None)
        return Origin(visit.browser.network, known)

    def _factors_of(self, subject: Subject, interaction: Interaction) -> tuple[VerifiedFactor, ...]:
        proved = () if subject.attempt is None else subject.attempt.factors
        counting = [one.factor for one in proved if one.interaction_id == interaction.id or not interaction.fresh_login]
        return (*counting, *(self._undecayed(subject.session) if subject.session is not None else ()))

    def _undecayed(self, session: Session) -> tuple[VerifiedFactor, ...]:
        now = self._clock.now()
        is_idle = now - session.last_seen_at >= self._decay.idle
        return tuple(
            factor
            for factor in session.factors
            if not proves_possession([factor]) or (not is_idle and now - factor.at < self._decay.total)
        )

    def _counting(self, visit: Visit, interaction: Interaction) -> Session | None:
        session = visit.session
        if session is None or (interaction.fresh_login and session.interaction_id != interaction.id):
            return None
        return session


def _is_about(attempt: Attempt, session: Session, interaction: Interaction) -> bool:
    is_begun_here = any(one.interaction_id == interaction.id for one in attempt.factors)
    return attempt.account_id == session.account_id or is_begun_here


def situation_of(position: Position, interaction: Interaction, *, is_step_up: bool, can_remember: bool) -> Situation:
    """Return what a page may know of a position."""
    usable = position.enrolled.second_factors if position.enrolled is not None else ()
    if needs_attested_key(interaction.acr_needed):
        usable = tuple(kind for kind in usable if kind == PASSKEY)
    return Situation(
        position.step,
        is_step_up=is_step_up,
        account_kind=position.subject.account_kind,
        second_factors=usable,
        can_remember=can_remember,
        memberships=position.memberships,
    )
