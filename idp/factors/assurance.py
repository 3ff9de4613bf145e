"""How strong a sign-in is: acr and amr follow from the factors verified and their times, and are never typed in.

NIST SP 800-63B-4 §2.1–2.3: a second factor counts for 12 h and while the session is in use; after that the sign-in goes
on as aal1. A passkey that has checked its holder is two factors, and aal3 where its maker vouches for it. Method
references are those of RFC 8176. Remembered browsers add nothing. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from idp.factors import FACTORS
from idp.foundation.settings import Settings

ACR_AAL1: Final = "urn:idp:acr:aal1"
ACR_AAL2: Final = "urn:idp:acr:aal2"
ACR_AAL3: Final = "urn:idp:acr:aal3"
ACR_VALUES: Final = (ACR_AAL1, ACR_AAL2, ACR_AAL3)
"""Every value we may assert, weakest first."""

_KNOWN: Final = frozenset(factor.kind for factor in FACTORS if "knowledge" in factor.proves)
_POSSESSED: Final = frozenset(factor.kind for factor in FACTORS if "possession" in factor.proves)
_ATTESTED: Final = frozenset(factor.kind for factor in FACTORS if factor.is_attested)
_AMR: Final = {factor.kind: factor.amr for factor in FACTORS}


@dataclass(frozen=True, slots=True)
class VerifiedFactor:
    """One factor, and when its holder last proved it. ``kind`` is the kind of an authenticator."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decay:
    """How long a second factor counts: ``idle`` since the session was last used, ``total`` since it was verified."""

    idle: timedelta = timedelta(hours=1)
    total: timedelta = timedelta(hours=12)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what a deployment chose."""
        return cls(timedelta(seconds=settings.aal2_idle_seconds), timedelta(seconds=settings.aal2_total_seconds))


_DEFAULT_DECAY: Final = Decay()


def acr_of(
    factors: Iterable[VerifiedFactor],
    now: datetime,
    *,
    last_used_at: datetime | None = None,
    decay: Decay = _DEFAULT_DECAY,
) -> str:
    """Return the acr that these factors are worth now. ``last_used_at`` None means that they are being used at this
    moment.
    """
    if last_used_at is not None and now - last_used_at >= decay.idle:
        return ACR_AAL1
    return acr_proved_by([factor for factor in factors if now - factor.at < decay.total])


def acr_proved_by(factors: Sequence[VerifiedFactor]) -> str:
    """Return the acr that these factors prove together, however long ago."""
    if proves_attested_key(factors):
        return ACR_AAL3
    return ACR_AAL2 if proves_knowledge(factors) and proves_possession(factors) else ACR_AAL1


def amr_of(factors: Iterable[VerifiedFactor]) -> list[str]:
    """Return the authentication methods used (RFC 8176), sorted; ``mfa`` when they are of two different classes."""
    used = list(factors)
    methods = {method for factor in used for method in _AMR.get(factor.kind, ())}
    if proves_knowledge(used) and proves_possession(used):
        methods.add("mfa")
    return sorted(methods)


def proves_knowledge(factors: Iterable[VerifiedFactor]) -> bool:
    """Tell whether one of the factors is something known: the password, or the PIN or fingerprint a passkey asked."""
    return any(factor.kind in _KNOWN for factor in factors)


def proves_possession(factors: Iterable[VerifiedFactor]) -> bool:
    """Tell whether one of the factors is something held."""
    return any(factor.kind in _POSSESSED for factor in factors)


def proves_attested_key(factors: Iterable[VerifiedFactor]) -> bool:
    """Tell whether one of the factors is a key that is proven not to leave its device, which aal3 asks for."""
    return any(factor.kind in _ATTESTED for factor in factors)


def satisfies(have: str, need: str | None) -> bool:
    """Say whether one acr is at least another. An unknown need is never satisfied; None and the empty text need
    nothing.
    """
    if not need:
        return True
    if need not in ACR_VALUES or have not in ACR_VALUES:
        return False
    return ACR_VALUES.index(have) >= ACR_VALUES.index(need)


def strongest(*values: str | None) -> str:
    """Return the strongest of several acr values, aal1 when there is none. Unknown values are left out."""
    known = [ACR_VALUES.index(value) for value in values if value in ACR_VALUES]
    return ACR_VALUES[max(known, default=0)]
