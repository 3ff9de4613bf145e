"""The new password that an officer requires, set on the way to a session: nothing opens before it (rule S1).

Everything that the account can prove was proved before this step, and it is judged again under the lock of the account:
what another browser or an officer did meanwhile counts. The password before is not taken again.
"""

from dataclasses import dataclass, replace

from idp.accounts.requirements import Requirement, Requirements
from idp.factors.hashing_pool import Busy
from idp.factors.password_hashing import Verifier
from idp.factors.password_rules import PasswordProblem, is_short, least_length, problem_with
from idp.factors.service import Factors
from idp.foundation.digests import sha256
from idp.foundation.translation import marked
from idp.interactions import Interaction
from idp.sign_in.journey import Step
from idp.sign_in.progress import Progress
from idp.sign_in.standing import Position, Standings
from idp.sign_in.values import Attempt, Continue, Expired, Finished, Visit

_SAME = PasswordProblem(marked("Choose another password than the one you used until now."))
_STANDS_IN_FOR = {"totp": ("totp", "recovery_code")}
"""What goes with a factor that is enrolled anew."""

RenewalOutcome = PasswordProblem | Busy | Continue | Finished | Expired


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the page of this step has to know. ``factor``: is to be set up anew afterwards."""

    username: str
    least_length: int
    factor: str | None


class CredentialRenewal:
    """The step in which people replace a password that an officer does not trust any more."""

    def __init__(
        self, *, requirements: Requirements, factors: Factors, standings: Standings, progress: Progress
    ) -> None:
        self._requirements = requirements
        self._factors = factors
        self._standings = standings
        self._progress = progress

    def wanted(self, visit: Visit, interaction: Interaction) -> Wanted | Continue:
        """Return what is to be renewed now, or the step that is next instead. Reads only."""
        found = self._found(visit, interaction)
        if isinstance(found, Continue):
            return found
        _, attempt, requirement = found
        least = least_length(has_second_factor=_will_have_second_factor(attempt, requirement))
        return Wanted(attempt.username, least, requirement.factor)

    def renew(self, visit: Visit, interaction: Interaction, password: str) -> RenewalOutcome:
        """Take the new password, and go on with the sign-in."""
        found = self._found(visit, interaction)
        if isinstance(found, Continue):
            return found
        _, attempt, requirement = found
        has_second = _will_have_second_factor(attempt, requirement)
        context = self._factors.password_context(attempt.account_id)
        bad = problem_with(password, has_second_factor=has_second, context=context)
        refusal = bad or self._sameness(attempt, password)
        if refusal is not None:
            return refusal
        verifier = self._factors.prepare_password(
            attempt.account_id, password, has_second_factor=has_second, context=context
        )

        def store() -> Continue | Finished | Expired:
            self._requirements.lock(attempt.account_id)
            again = self._found(visit, interaction)
            if isinstance(again, Continue) or again[1].id != attempt.id:
                return Expired()
            return self._store(visit, interaction, again, verifier, is_short_password=is_short(password))

        return self._progress.committed(store)

    def _sameness(self, attempt: Attempt, password: str) -> PasswordProblem | Busy | None:
        """Compare with the password until now, in a place of the pool (rule S5)."""
        key = sha256(f"renew:{attempt.account_id}")
        place = self._factors.reserve(key)
        if isinstance(place, Busy):
            return place
        with place:
            is_same = self._factors.check_password(place, attempt.enrolled, key, password).is_right
        return _SAME if is_same else None

    def _store(
        self,
        visit: Visit,
        interaction: Interaction,
        found: tuple[Position, Attempt, Requirement],
        verifier: Verifier,
        *,
        is_short_password: bool,
    ) -> Continue | Finished:
        position, attempt, requirement = found
        account_id = attempt.account_id
        actor = f"account:{account_id}"
        self._factors.store_password(account_id, verifier, actor=actor)
        for view in attempt.enrolled.authenticators:
            if view.kind in _STANDS_IN_FOR.get(requirement.factor or "", ()):
                self._factors.remove(account_id, view.id, actor=actor)
        self._requirements.note_password_renewed(requirement, account_id, actor=actor)
        renewed = replace(
            attempt,
            password_is_short=is_short_password,
            enrolled=self._factors.enrolled(account_id),
            must_renew=requirement.factor is not None,
        )
        subject = self._standings.subject_with(renewed, visit, interaction)
        after = self._standings.position(subject, visit, interaction, position.devices)
        return self._progress.advance(visit, interaction, after)

    def _found(self, visit: Visit, interaction: Interaction) -> tuple[Position, Attempt, Requirement] | Continue:
        subject = self._standings.subject_of(visit, interaction)
        if subject is None:
            return Continue(Step.PASSWORD)
        position = self._standings.position(subject, visit, interaction, self._standings.devices_of(visit))
        attempt, requirement = subject.attempt, position.requirement
        if position.step is not Step.RENEW_PASSWORD or attempt is None or requirement is None:
            return Continue(position.step)
        return position, attempt, requirement


def _will_have_second_factor(attempt: Attempt, requirement: Requirement) -> bool:
    return requirement.factor is not None or attempt.enrolled.has_second_factor
