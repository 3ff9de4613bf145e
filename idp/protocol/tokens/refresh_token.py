"""Refresh tokens (RFC 6749 §1.5): derived from their family and generation by a MAC, never stored (rule P2).

The text is base64url of: family (16 bytes), generation (4), tag (32), id of the master key (the rest, ASCII).
"""

import hmac
from dataclasses import dataclass, field

from idp.foundation.digests import b64url, unb64url
from idp.keyring.errors import KeyUnknown
from idp.keyring.service import Keyring

_PURPOSE = "refresh"
_FAMILY, _GENERATION, _TAG = 16, 4, 32
_SHORTEST = _FAMILY + _GENERATION + _TAG + 1
_LONGEST_TEXT = 256


@dataclass(frozen=True, slots=True)
class PresentedRefreshToken:
    """A refresh token taken apart. Nothing is believed until the tag has been compared."""

    family: bytes = field(repr=False)
    generation: int
    tag: bytes = field(repr=False)
    kid: str


class RefreshTokens:
    """Derives refresh tokens and compares presented ones."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def derive(self, family: bytes, generation: int, salt: bytes) -> str:
        """Return the token of a generation. The same arguments give the same token while the master key stays."""
        number = generation.to_bytes(_GENERATION, "big")
        mac = self._keyring.mac(_PURPOSE, family, number, salt)
        return b64url(family + number + mac.digest + mac.kid.encode("ascii"))

    def parse(self, text: str) -> PresentedRefreshToken | None:
        """Take a presented token apart; None if it cannot be one of ours."""
        if len(text) > _LONGEST_TEXT:
            return None
        try:
            raw = unb64url(text)
            kid = raw[_SHORTEST - 1 :].decode("ascii")
        except ValueError:
            return None
        if len(raw) < _SHORTEST:
            return None
        number = int.from_bytes(raw[_FAMILY : _FAMILY + _GENERATION], "big")
        return PresentedRefreshToken(raw[:_FAMILY], number, raw[_FAMILY + _GENERATION : _SHORTEST - 1], kid)

    def is_genuine(self, presented: PresentedRefreshToken, salt: bytes) -> bool:
        """Tell whether the tag is ours for this family, generation and salt."""
        number = presented.generation.to_bytes(_GENERATION, "big")
        try:
            mac = self._keyring.mac(_PURPOSE, presented.family, number, salt, kid=presented.kid)
        except KeyUnknown:
            return False
        return hmac.compare_digest(mac.digest, presented.tag)
