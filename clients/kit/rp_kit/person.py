"""Who is signed in, as a site's code sees it: claims with names, and nothing that is a credential."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Organization:
    """The legal person an enterprise account acts for; ``code`` is its unified social credit code."""

    code: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in person. ``sub`` is the one stable identifier, and it is this department's own."""

    sub: str
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """The name to greet with; the subject when no name was released."""
        return self.text("name") or self.sub

    @property
    def acr(self) -> str | None:
        """How strongly the person signed in: one of ``rp_kit.AAL1``, ``AAL2``, ``AAL3``."""
        return self.text("acr")

    @property
    def auth_time(self) -> int | None:
        """When the person last proved who they are, in seconds since 1970."""
        value = self.claims.get("auth_time")
        return value if isinstance(value, int) else None

    @property
    def organization(self) -> Organization | None:
        """The organization acted for, for an enterprise account."""
        value = self.claims.get("organization")
        if not isinstance(value, dict) or not isinstance(value.get("code"), str):
            return None
        return Organization(value["code"], str(value.get("name") or ""), str(value.get("role") or ""))

    @property
    def address(self) -> str | None:
        """The address as one text (OpenID Connect Core 1.0 §5.1.1)."""
        value = self.claims.get("address")
        formatted = value.get("formatted") if isinstance(value, dict) else None
        return formatted if isinstance(formatted, str) else None

    def text(self, claim: str) -> str | None:
        """Return a claim that is a text, else None."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) and value else None
