"""Server nonces (RFC 9449 §8): a MAC of the present window of time, known to every node and stored by none.

A nonce is accepted in its own window and in the next one. The text is base64url of: window (8 bytes), tag (32), id of
the master key (the rest, ASCII).
"""

import hmac

from idp.foundation.clock import Clock
from idp.foundation.digests import b64url, unb64url
from idp.keyring.errors import KeyUnknown
from idp.keyring.service import Keyring

_PURPOSE = "dpop-nonce"
_WINDOW, _TAG = 8, 32
_LONGEST_TEXT = 256


class Nonces:
    """Makes nonces and knows them again."""

    def __init__(self, keyring: Keyring, clock: Clock, *, window_seconds: int) -> None:
        self._keyring = keyring
        self._clock = clock
        self._window_seconds = window_seconds

    def current(self) -> str:
        """Return the nonce of this moment."""
        window = self._window().to_bytes(_WINDOW, "big")
        mac = self._keyring.mac(_PURPOSE, window)
        return b64url(window + mac.digest + mac.kid.encode("ascii"))

    def is_fresh(self, nonce: str) -> bool:
        """Tell whether a nonce is ours, of this window or of the one before."""
        if len(nonce) > _LONGEST_TEXT:
            return False
        try:
            raw = unb64url(nonce)
            kid = raw[_WINDOW + _TAG :].decode("ascii")
        except ValueError:
            return False
        window, tag = raw[:_WINDOW], raw[_WINDOW : _WINDOW + _TAG]
        if self._window() - int.from_bytes(window, "big") not in {0, 1}:
            return False
        try:
            return hmac.compare_digest(self._keyring.mac(_PURPOSE, window, kid=kid).digest, tag)
        except KeyUnknown:
            return False

    def _window(self) -> int:
        return int(self._clock.now().timestamp()) // self._window_seconds
