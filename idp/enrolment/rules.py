"""When somebody signed in has to sign in anew before changing a credential, and what must not be removed. Pure.

ASVS 7.5.1 and NIST SP 800-63B-4 §4.1: a full sign-in, at the highest level that the account can reach, not long ago.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from idp.accounts.kinds import KINDS_BY_NAME
from idp.factors.assurance import ACR_AAL1, ACR_AAL2, VerifiedFactor, proves_knowledge, proves_possession
from idp.factors.values import Enrolled

RECENT = timedelta(minutes=20)
MOST_AUTHENTICATORS = 10
_TWO = 2


def is_recent(factors: Sequence[VerifiedFactor], enrolled: Enrolled, now: datetime) -> bool:
    """Tell whether all that the account can prove was proved within twenty minutes."""
    recent = [factor for factor in factors if now - factor.at <= RECENT]
    return proves_knowledge(recent) and (not enrolled.has_second_factor or proves_possession(recent))


def acr_to_reach(enrolled: Enrolled) -> str:
    """Return the highest acr that the account can reach."""
    return ACR_AAL2 if enrolled.has_second_factor else ACR_AAL1


def can_remove(account_kind: str, enrolled: Enrolled) -> bool:
    """Tell whether an authenticator app may go: an account that always needs a second factor keeps its last."""
    apps = [view for view in enrolled.authenticators if view.kind == "totp" and not view.is_disabled]
    return KINDS_BY_NAME[account_kind].minimum_factors < _TWO or len(apps) > 1


def can_add(enrolled: Enrolled) -> bool:
    """Tell whether there is room for another authenticator app."""
    return sum(view.kind == "totp" for view in enrolled.authenticators) < MOST_AUTHENTICATORS
