"""Keyed digests: blind indexes that are stable for ever, and MACs under a master key that name it, so that both survive
its change.

Index keys come from the index key alone, one per kind; MAC keys from a master key, one per purpose (rules P2, P7, S6).
"""

import hmac
from dataclasses import dataclass, field

from idp.keyring.masters import MasterKeys


@dataclass(frozen=True, slots=True)
class Mac:
    """A MAC and the id of the master key it stands under."""

    kid: str
    digest: bytes = field(repr=False)


class Macs:
    """Computes keyed digests; comparing them is the caller's part, with ``hmac.compare_digest``."""

    def __init__(self, masters: MasterKeys) -> None:
        self._masters = masters

    def index(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._masters.index_key(kind), value.encode(), "sha256")

    def mac(self, purpose: str, parts: tuple[bytes, ...], kid: str | None) -> Mac:
        """Return the MAC of the parts, each led by its length: no other cut gives the same. Raises KeyUnknown."""
        kid = self._masters.current if kid is None else kid
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return Mac(kid, hmac.digest(self._masters.derive(kid, f"mac/{purpose}"), message, "sha256"))
