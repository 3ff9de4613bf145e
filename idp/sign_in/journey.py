"""The order of a sign-in: from what has been proved and what is asked follows the next step. Pure.

An enrolled second factor is always asked; a remembered browser spares it where nothing asks above aal1, but never for
staff, never for someone signed in already, and never beside a password too short to stand alone (rule S7).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from idp.accounts.kinds import KINDS_BY_NAME
from idp.factors.assurance import VerifiedFactor, proves_attested_key, proves_knowledge, proves_possession
from idp.interactions import Interaction
from idp.sign_in.requirements import is_reachable, needs_attested_key, needs_second_factor

FRESH_ENOUGH_TO_ENROL = timedelta(minutes=20)
_TWO = 2


class Step(Enum):
    """What a person has to do next."""

    PASSWORD = "password"
    SECOND_FACTOR = "second_factor"
    ENROL_SECOND_FACTOR = "enrol_second_factor"
    RENEW_PASSWORD = "renew_password"
    ORGANIZATION = "organization"
    NOT_ADMITTED = "not_admitted"
    UNREACHABLE = "unreachable"
    FINISH = "finish"
    """All is proved, and no session says so yet: opening or raising one takes a POST."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person has proved, and what there is to ask for.

    ``factors`` are those that count for this interaction. ``is_signed_in`` says that they come from a live session,
    which asked then for what it had to ask for. ``must_renew_password`` and ``must_renew_factor`` are what an officer
    requires before a session opens.
    """

    account_kind: str
    factors: tuple[VerifiedFactor, ...]
    is_signed_in: bool = False
    password_is_short: bool = False
    has_second_factor: bool = False
    has_attested_passkey: bool = False
    is_remembered: bool = False
    must_choose_organization: bool = False
    must_renew_password: bool = False
    must_renew_factor: bool = False


def next_step(standing: Standing, interaction: Interaction, now: datetime) -> Step:
    """Return what has to be done next."""
    if not proves_knowledge(standing.factors):
        return Step.PASSWORD
    if interaction.account_kinds and standing.account_kind not in interaction.account_kinds:
        return Step.NOT_ADMITTED
    if not is_reachable(interaction.acr_needed):
        return Step.UNREACHABLE
    if needs_attested_key(interaction.acr_needed) and not proves_attested_key(standing.factors):
        return Step.SECOND_FACTOR if standing.has_attested_passkey else Step.UNREACHABLE
    if must_prove_possession(standing, interaction) and not proves_possession(standing.factors):
        return _towards_second_factor(standing, now)
    return _step_of_the_known(standing)


def _step_of_the_known(standing: Standing) -> Step:
    """Return what is left to do for somebody who has proved all that is asked."""
    if standing.must_renew_password:
        return Step.RENEW_PASSWORD
    if standing.must_renew_factor:
        return Step.ENROL_SECOND_FACTOR
    return Step.ORGANIZATION if standing.must_choose_organization else Step.DONE


def must_prove_possession(standing: Standing, interaction: Interaction) -> bool:
    """Tell whether this sign-in needs its second factor."""
    if needs_second_factor(interaction.acr_needed):
        return True
    if standing.is_signed_in:
        return False
    if KINDS_BY_NAME[standing.account_kind].minimum_factors == _TWO or standing.password_is_short:
        return True
    # Who renews a credential proves everything there is: whoever has only stolen the password must not replace it.
    is_renewing = standing.must_renew_password or standing.must_renew_factor
    return standing.has_second_factor and (is_renewing or not standing.is_remembered)


def can_remember(standing: Standing, interaction: Interaction) -> bool:
    """Tell whether remembering this browser would spare the second factor next time, so that it is worth offering."""
    is_staff = KINDS_BY_NAME[standing.account_kind].minimum_factors == _TWO
    is_plain = not needs_second_factor(interaction.acr_needed)
    return is_plain and not is_staff and not standing.is_signed_in and not standing.password_is_short


def _towards_second_factor(standing: Standing, now: datetime) -> Step:
    if standing.has_second_factor:
        return Step.SECOND_FACTOR
    # What is enrolled now is worth no more than the password behind it: it has to be a recent one (ASVS 7.5.1).
    is_recent = any(now - factor.at <= FRESH_ENOUGH_TO_ENROL for factor in standing.factors)
    return Step.ENROL_SECOND_FACTOR if is_recent else Step.PASSWORD
