"""Whether a remembered consent covers what is asked now. Pure."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """A consent in force."""

    basis: str
    scopes: frozenset[str]
    claims: frozenset[str]
    declined: frozenset[str]
    granted_at: datetime
    expires_at: datetime

    def covers(self, scopes: AbstractSet[str], claims: AbstractSet[str], *, basis: str, now: datetime) -> bool:
        """Tell whether nothing asked now is new. A change of basis is: the person must learn of it."""
        return (
            self.basis == basis
            and now < self.expires_at
            and scopes <= self.scopes
            and claims <= self.claims | self.declined
        )

    def releases(self, claims: AbstractSet[str]) -> frozenset[str]:
        """Return those of the claims that were allowed."""
        return frozenset(claims & self.claims)
