"""What becomes of a proof: the attempt is kept for the next step, or it ends and the session opens, all at once.

An attempt finishes once. A step-up that proved only a second factor raises the session it relied on and never opens
another: if that session has ended meanwhile, nothing is opened at all (rule P3).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from idp.factors.assurance import VerifiedFactor, proves_knowledge
from idp.factors.recovery_code import KIND as RECOVERY_CODE
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.interactions import Interaction
from idp.sessions.devices import Devices
from idp.sessions.rating import NO_SIGN, RiskSign
from idp.sessions.service import Sessions
from idp.sign_in.attempts import Attempts
from idp.sign_in.journey import Step, can_remember
from idp.sign_in.standing import Position
from idp.sign_in.values import Attempt, AttemptFactor, Continue, Expired, Finished, Visit

T = TypeVar("T")


class _Lost(Exception):
    """Roll back: what this sign-in relied on has ended meanwhile."""


class Progress:
    """Keeps attempts, and ends them in sessions."""

    def __init__(
        self, database: Database, clock: Clock, attempts: Attempts, sessions: Sessions, devices: Devices
    ) -> None:
        self._database = database
        self._clock = clock
        self._attempts = attempts
        self._sessions = sessions
        self._devices = devices

    def committed(self, work: Callable[[], T]) -> T | Expired:
        """Do the work in one transaction; if what it relied on has ended meanwhile, nothing of it was done."""
        try:
            with self._database.transaction():
                return work()
        except _Lost:
            return Expired()

    def proved(self, kind: str, interaction: Interaction) -> AttemptFactor:
        """Return a factor proved now, for this interaction."""
        return AttemptFactor(VerifiedFactor(kind, self._clock.now()), interaction.id)

    def advance(self, visit: Visit, interaction: Interaction, position: Position) -> Continue | Finished:
        """Finish if nothing is left to do; else keep the attempt for the next step. Call it within ``committed``."""
        attempt = position.subject.attempt
        if attempt is None:
            return Continue(position.step)
        if position.step is Step.DONE:
            return self._open(visit, interaction, position, attempt)
        self._attempts.save(visit.presession, attempt)
        return Continue(position.step)

    def keep(self, visit: Visit, attempt: Attempt) -> None:
        """Keep an attempt whose next step is not asked for yet."""
        self._attempts.save(visit.presession, attempt)

    def failed(self, attempt: Attempt | None) -> None:
        """Count a wrong code on the attempt, if there is one."""
        if attempt is not None and attempt.id is not None:
            self._attempts.failed(attempt)

    def _open(self, visit: Visit, interaction: Interaction, position: Position, attempt: Attempt) -> Finished:
        factors = [one.factor for one in attempt.factors]
        if not self._attempts.finish(attempt):
            raise _Lost
        device_id = self._devices.id_of(position.devices, attempt.account_id)
        opened = self._sessions.open(
            attempt.account_id,
            _latest(factors),
            interaction.id,
            replace(visit.browser, is_new=position.is_new_device, device_id=device_id),
            replacing=visit.session,
            organization_id=position.organization_id,
            signs=_signs_of(attempt),
        )
        if opened is None or not (proves_knowledge(factors) or _is_raised(opened.session_id, visit)):
            raise _Lost
        remember = attempt.remember and can_remember(position.standing, interaction)
        # A value that nobody signed in with may have been planted by somebody who knows it: it is never adopted.
        known = visit.device if position.devices else None
        device = self._devices.note(known, attempt.account_id, remember=remember, device_id=device_id)
        return Finished(opened.cookie, device.cookie)


def _is_raised(session_id: UUID, visit: Visit) -> bool:
    return visit.session is not None and visit.session.id == session_id


def _signs_of(attempt: Attempt) -> RiskSign:
    signs = RiskSign.AFTER_FAILURES if attempt.follows_failures else NO_SIGN
    by_code = any(one.factor.kind == RECOVERY_CODE for one in attempt.factors)
    return signs | RiskSign.RECOVERY_CODE if by_code else signs


def _latest(factors: list[VerifiedFactor]) -> tuple[VerifiedFactor, ...]:
    """Return one factor of each kind, the latest."""
    latest: dict[str, datetime] = {}
    for factor in factors:
        latest[factor.kind] = max(factor.at, latest.get(factor.kind, factor.at))
    return tuple(VerifiedFactor(kind, at) for kind, at in latest.items())
