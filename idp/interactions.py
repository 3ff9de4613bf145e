"""An interaction: one authorization request on its way through sign-in and consent, one for each tab.

It travels sealed in the URL and holds only what the client asked, never what the person proved (rules S1 and S2): the
seal is bound to the browser's pre-session cookie, so a URL that is copied elsewhere opens nothing. It is deflated and
at most 6,000 characters.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import orjson

from idp.factors.assurance import ACR_AAL1
from idp.foundation.clock import Clock
from idp.foundation.columns import microseconds, moment_of
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.keyring.errors import SealBroken
from idp.keyring.service import Keyring

_PURPOSE = "interaction"
_LONGEST = 6000
_LARGEST_INFLATED = 64 * 1024
# Requests are short: the memory for long texts takes six times longer to prepare than they take to deflate.
_WINDOW_BITS, _MEMORY_LEVEL = 13, 5


@dataclass(frozen=True, slots=True)
class Interaction:
    """What a client, or the person alone, asked of the sign-in pages.

    ``client_id`` and ``parameters`` (the authorization request) are None and empty when the person came by themselves;
    then ``destination`` is the page of ours to go to afterwards. ``fresh_login`` asks for a factor verified for this
    very interaction. ``account_chosen`` says that its person was asked which account to use, and kept the one at hand.
    """

    id: UUID
    started_at: datetime
    client_id: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    destination: str = "/account"
    acr_needed: str = ACR_AAL1
    fresh_login: bool = False
    login_hint: str | None = None
    account_kinds: tuple[str, ...] = ()
    ui_locales: str | None = None
    account_chosen: bool = False

    def packed(self) -> bytes:
        """Return the deflated form, without the fields that have their usual value."""
        fields = [
            self.id.hex,
            microseconds(self.started_at),
            self.client_id,
            self.parameters,
            self.destination,
            self.acr_needed,
            self.fresh_login,
            self.login_hint,
            self.account_kinds,
            self.ui_locales,
            *([True] if self.account_chosen else []),
        ]
        deflate = zlib.compressobj(9, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)
        return deflate.compress(orjson.dumps(fields)) + deflate.flush()

    @classmethod
    def unpacked(cls, data: bytes) -> Self:
        """Return the interaction of a packed form that our own seal has vouched for."""
        fields = orjson.loads(zlib.decompressobj().decompress(data, _LARGEST_INFLATED))
        identifier, started, client_id, parameters, destination, acr, fresh, hint, kinds, locales, *chosen = fields
        return cls(
            UUID(hex=identifier),
            moment_of(started),
            client_id,
            tuple((name, value) for name, value in parameters),
            destination,
            acr,
            fresh,
            hint,
            tuple(kinds),
            locales,
            bool(chosen),
        )


class Interactions:
    """Seals interactions for the browser they belong to, and opens them again."""

    def __init__(self, keyring: Keyring, clock: Clock, entropy: Entropy, *, lifetime_seconds: int) -> None:
        self._keyring = keyring
        self._clock = clock
        self._entropy = entropy
        self._lifetime = timedelta(seconds=lifetime_seconds)

    def new_id(self) -> UUID:
        """Return the id of a new interaction."""
        return self._entropy.uuid7()

    def alone(
        self,
        destination: str = "/account",
        *,
        acr_needed: str = ACR_AAL1,
        fresh_login: bool = False,
        account_kinds: tuple[str, ...] = (),
    ) -> Interaction:
        """Return the interaction of a person who came by themselves, to go to one of our own pages."""
        return Interaction(
            self.new_id(),
            self._clock.now(),
            destination=destination,
            acr_needed=acr_needed,
            fresh_login=fresh_login,
            account_kinds=account_kinds,
        )

    def seal(self, interaction: Interaction, presession: str) -> str | None:
        """Return the sealed form for the browser with this pre-session cookie, None if it would be too long."""
        token = self._keyring.seal(_PURPOSE, interaction.packed(), context=sha256(presession), lifetime=self._lifetime)
        return token if len(token) <= _LONGEST else None

    def open(self, token: str, presession: str | None) -> Interaction | None:
        """Return the interaction, or None when the seal is not ours, has expired or belongs to another browser."""
        if not presession or len(token) > _LONGEST:
            return None
        try:
            return Interaction.unpacked(self._keyring.unseal(_PURPOSE, token, context=sha256(presession)))
        except SealBroken:
            return None
