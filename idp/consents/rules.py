"""Whether a remembered consent covers what is asked now. Pure."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Remembered:
    """A consent in force."""

    basis: str
    scopes: frozenset[str]
    claims: frozenset[str]
    declined: frozenset[str]
    granted_at: datetime
    expires_at: datetime
    services: frozenset[str] = frozenset()
    details: tuple[Mapping[str, Any], ...] = ()

    def covers(
        self,
        scopes: AbstractSet[str],
        claims: AbstractSet[str],
        *,
        basis: str,
        now: datetime,
        services: AbstractSet[str] = frozenset(),
        details: Sequence[Mapping[str, Any]] = (),
    ) -> bool:
        """Tell whether nothing asked now is new. A change of basis is: the person must learn of it."""
        return (
            self.basis == basis
            and now < self.expires_at
            and scopes <= self.scopes
            and claims <= self.claims | self.declined
            and services <= self.services
            and all(detail in self.details for detail in details)
        )
