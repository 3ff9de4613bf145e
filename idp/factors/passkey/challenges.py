"""Challenges: what a device signs, fresh, for one browser, one ceremony, five minutes and one answer (rule H4, NIST SP
800-63B-4 §3.1.6.2 and §3.2.7).

A challenge is a sealed value itself. The browser hands it back within what the device has signed, so the page carries
nothing else, and looking at a page stores nothing. The first answer spends it, by one INSERT.
"""

from datetime import timedelta
from typing import Final

from idp.factors.models import SpentChallenge
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import b64url, sha256, unb64url
from idp.foundation.entropy import Entropy
from idp.keyring.errors import SealBroken
from idp.keyring.service import Keyring

LIFETIME: Final = timedelta(minutes=5)
_RANDOM_BYTES = 16


class Challenges:
    """Makes challenges for one ceremony, and spends them. ``browser`` is what they are bound to."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, keyring: Keyring, ceremony: str) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._keyring = keyring
        self._purpose = f"passkey.{ceremony}"

    def make(self, browser: str) -> bytes:
        """Return a new challenge. Stores nothing."""
        random = self._entropy.token_bytes(_RANDOM_BYTES)
        return unb64url(self._keyring.seal(self._purpose, random, context=browser.encode(), lifetime=LIFETIME))

    def is_ours(self, browser: str, challenge: bytes) -> bool:
        """Tell whether we made this challenge for this browser and ceremony, not long ago. Reads no database."""
        try:
            self._keyring.unseal(self._purpose, b64url(challenge), context=browser.encode())
        except SealBroken:
            return False
        return True

    def spend(self, challenge: bytes) -> bool:
        """Spend a challenge of ours; False if it was answered before."""
        values = {"digest": sha256(challenge), "expires_at": self._clock.now() + LIFETIME}
        return self._database.insert_if_new(SpentChallenge, values)
