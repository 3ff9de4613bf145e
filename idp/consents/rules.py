"""Whether a remembered consent covers what is asked now, and what it is after a decision. Pure."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

# Older ones are asked for again; a client that asks for something else each time must not fill the row.
_MOST_DETAILS: Final = 20
_NONE_TOLD: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided on the consent page. ``basis`` is ``consent`` or ``statutory``; ``purposes`` are the
    versions of the words that said what for.
    """

    scopes: frozenset[str]
    claims: frozenset[str]
    declined: frozenset[str] = frozenset()
    basis: str = "consent"
    services: frozenset[str] = frozenset()
    details: tuple[Mapping[str, Any], ...] = ()
    purposes: Mapping[str, str] = field(default_factory=dict)


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
    purposes: Mapping[str, str] = field(default_factory=dict)

    def covers(
        self,
        scopes: AbstractSet[str],
        claims: AbstractSet[str],
        *,
        basis: str,
        now: datetime,
        services: AbstractSet[str] = frozenset(),
        details: Sequence[Mapping[str, Any]] = (),
        purposes: Mapping[str, str] = _NONE_TOLD,
    ) -> bool:
        """Tell whether nothing asked now is new. A change of basis is, and so is another purpose for the same: the
        person must learn of it.
        """
        return (
            self.basis == basis
            and now < self.expires_at
            and scopes <= self.scopes
            and claims <= self.claims | self.declined
            and services <= self.services
            and all(detail in self.details for detail in details)
            and all(self.purposes.get(name, version) == version for name, version in purposes.items())
        )


def remembered_after(
    decision: Decision, before: Remembered | None, *, granted_at: datetime, expires_at: datetime
) -> Remembered:
    """Return the consent after a decision. What was allowed before on the same basis and not asked now stays allowed;
    what is decided now replaces it.
    """
    nothing = Remembered(decision.basis, frozenset(), frozenset(), frozenset(), granted_at, expires_at)
    kept = before if before is not None and before.basis == decision.basis else nothing
    claims = decision.claims | (kept.claims - decision.declined)
    older = [detail for detail in kept.details if detail not in decision.details]
    return Remembered(
        decision.basis,
        decision.scopes | kept.scopes,
        claims,
        (decision.declined | kept.declined) - claims,
        granted_at,
        expires_at,
        decision.services | kept.services,
        (*decision.details, *older)[:_MOST_DETAILS],
        {**kept.purposes, **decision.purposes},
    )
