"""Refresh tokens (RFC 6749 §1.5): they carry what was granted, sealed, and are stored nowhere (rule P2, decision 0017).

The text is base64url of: family (16 bytes), generation (4), deterministic seal of what was granted. Family and
generation are the context of the seal: a generation has one token, and no other has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import orjson

from idp.foundation.digests import b64url, unb64url
from idp.keyring.errors import SealBroken
from idp.keyring.service import Keyring

# Members that mean something else, or stand elsewhere, need a purpose of their own.
_PURPOSE: Final = "refresh/1"
_FAMILY, _GENERATION = 16, 4
_HEAD: Final = _FAMILY + _GENERATION
# Authorization details and resources may be long; a form holds more.
_LONGEST_TEXT: Final = 48_000


@dataclass(frozen=True, slots=True)
class Family:
    """What was granted to the tokens that descend from one code; bound are those of public clients."""

    id: bytes
    grant_id: UUID
    account_id: UUID
    auth_time: datetime
    client_id: str
    reference: str
    sid: str
    sub: str
    scope: str
    claims: Mapping[str, Sequence[str]]
    acr: str
    amr: Sequence[str]
    bound_jkt: str | None = None
    bound_x5t: str | None = None
    resources: str | None = None
    authorization_details: Sequence[dict[str, Any]] | None = None


_granted = attrgetter(*(member.name for member in fields(Family)[1:]))


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A genuine token. Whether its family is alive, and in which generation, the database knows."""

    family: Family
    generation: int


class RefreshTokens:
    """Issues refresh tokens and reads presented ones."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def issue(self, family: Family, generation: int) -> str:
        """Return the token of a generation. The same arguments give the same token while the master key stays."""
        head = family.id + generation.to_bytes(_GENERATION, "big")
        # By place: names would make every token half as long again.
        granted = orjson.dumps(_granted(family))
        return b64url(head + self._keyring.seal_deterministically(_PURPOSE, granted, context=head))

    def read(self, text: str) -> RefreshToken | None:
        """Return a presented token; None if it is not one of ours."""
        if len(text) > _LONGEST_TEXT:
            return None
        try:
            raw = unb64url(text)
            head = raw[:_HEAD]
            granted = self._keyring.unseal_deterministic(_PURPOSE, raw[_HEAD:], context=head)
        except (ValueError, SealBroken):
            return None
        return RefreshToken(_family(head[:_FAMILY], granted), int.from_bytes(head[_FAMILY:], "big"))


def _family(identifier: bytes, granted: bytes) -> Family:
    grant_id, account_id, auth_time, *others = orjson.loads(granted)
    return Family(identifier, UUID(grant_id), UUID(account_id), datetime.fromisoformat(auth_time), *others)
