"""What a token is bound to: the confirmation of RFC 7800 with the members jkt (RFC 9449 §6.1) and x5t#S256 (RFC 8705
§3.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Binding:
    """The thumbprints of the key and of the certificate without which a token is worth nothing. Both may be given."""

    jkt: str | None = None
    x5t: str | None = None

    @property
    def token_type(self) -> str:
        return "Bearer" if self.jkt is None else "DPoP"

    @property
    def claims(self) -> dict[str, Any]:
        """The claim that a token carries: none if it is not bound."""
        members = {"jkt": self.jkt, "x5t#S256": self.x5t}
        confirmation = {name: value for name, value in members.items() if value is not None}
        return {"cnf": confirmation} if confirmation else {}

    def allows(self, proved: "Binding") -> bool:
        """Tell whether a request that proved this much may use what is bound like this."""
        return self.jkt in {None, proved.jkt} and self.x5t in {None, proved.x5t}


UNBOUND = Binding()


def binding_of(claims: Mapping[str, Any]) -> Binding:
    """Return what a token of ours is bound to."""
    confirmation = claims.get("cnf")
    return Binding(confirmation.get("jkt"), confirmation.get("x5t#S256")) if confirmation else UNBOUND
