"""How strongly and how recently a person signed in (the provider's ``acr`` values, OpenID Connect Core 1.0 §2
``auth_time``).
"""

from dataclasses import dataclass

from rp_kit.errors import ConfigurationError

AAL1 = "urn:idp:acr:aal1"
AAL2 = "urn:idp:acr:aal2"
AAL3 = "urn:idp:acr:aal3"

_ORDER = (AAL1, AAL2, AAL3)
_SHORTEST_MAX_AGE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a page asks of a sign-in; None asks nothing."""

    acr: str | None = None
    max_age: int | None = None
    """Seconds since the person last proved who they are."""

    def __post_init__(self) -> None:
        """Raise ConfigurationError for a sign-in that would be too old as soon as the person is back."""
        if self.max_age is not None and self.max_age < _SHORTEST_MAX_AGE_SECONDS:
            raise ConfigurationError(f"max_age must be at least {_SHORTEST_MAX_AGE_SECONDS} seconds")

    def is_met(self, acr: str | None, auth_time: int | None, now: float) -> bool:
        """Tell whether a sign-in of that strength and time is enough."""
        if self.acr is not None and not satisfies(acr, self.acr):
            return False
        return self.max_age is None or (auth_time is not None and now - auth_time <= self.max_age)


ANY_SIGN_IN = Requirement()


def satisfies(have: str | None, need: str) -> bool:
    """Tell whether a sign-in at ``have`` is good enough for ``need``; unknown values only satisfy themselves."""
    if have == need:
        return True
    return have in _ORDER and need in _ORDER and _ORDER.index(have) > _ORDER.index(need)
