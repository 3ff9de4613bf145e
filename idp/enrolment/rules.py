"""When somebody signed in has to sign in anew before changing a credential, and what must not be removed. Pure.

ASVS 7.5.1 and NIST SP 800-63B-4 §4.1: a full sign-in, at the highest level that the account can reach, not long ago.
Nobody removes their last way in; staff keep two passkeys, so that losing one does not lock them out (rule A2).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from idp.accounts.kinds import KINDS_BY_NAME
from idp.factors.assurance import ACR_AAL1, ACR_AAL2, ACR_AAL3, VerifiedFactor, acr_of, proves_knowledge, satisfies
from idp.factors.values import AuthenticatorView, Enrolled

RECENT = timedelta(minutes=20)
MOST_AUTHENTICATORS = 10
_TWO = 2


def is_recent(factors: Sequence[VerifiedFactor], enrolled: Enrolled, now: datetime) -> bool:
    """Tell whether all that the account can prove was proved within twenty minutes."""
    recent = [factor for factor in factors if now - factor.at <= RECENT]
    return proves_knowledge(recent) and satisfies(acr_of(recent, now), acr_to_reach(enrolled))


def acr_to_reach(enrolled: Enrolled) -> str:
    """Return the highest acr that the account can reach."""
    if enrolled.has_attested_passkey:
        return ACR_AAL3
    return ACR_AAL2 if enrolled.has_second_factor else ACR_AAL1


def can_remove_app(account_kind: str, enrolled: Enrolled) -> bool:
    """Tell whether an authenticator app may go: an account that always needs a second factor keeps its last."""
    return KINDS_BY_NAME[account_kind].minimum_factors < _TWO or len(held(enrolled)) > 1


def can_remove_passkey(account_kind: str, enrolled: Enrolled) -> bool:
    """Tell whether a passkey may go: staff keep two, others keep the last if they have no password."""
    passkeys = len(enrolled.of_kind("passkey"))
    if KINDS_BY_NAME[account_kind].minimum_factors == _TWO:
        return passkeys > _TWO
    return enrolled.password is not None or passkeys > 1


def can_add(enrolled: Enrolled, kind: str) -> bool:
    """Tell whether there is room for another authenticator of a kind."""
    return len(enrolled.of_kind(kind)) < MOST_AUTHENTICATORS


def held(enrolled: Enrolled) -> tuple[AuthenticatorView, ...]:
    """Return the authenticators that a person holds and that work: what recovery codes stand in for."""
    views = (*enrolled.of_kind("passkey"), *enrolled.of_kind("totp"))
    return tuple(view for view in views if not view.is_disabled)
