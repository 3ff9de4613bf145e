"""Sealed values: state that travels through the browser and comes back unread and unchanged, or not at all (rule S2).

Layout before base64url: version 1 (1 byte), master key id (4), expiry in microseconds (8), nonce (12), AES-256-GCM
ciphertext and tag. The key is the purpose's own; head, purpose and the caller's context (the pre-session cookie) are
associated data.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idp.foundation.clock import Clock
from idp.foundation.columns import microseconds
from idp.foundation.digests import b64url, unb64url
from idp.foundation.entropy import Entropy
from idp.keyring.errors import KeyUnknown, SealBroken
from idp.keyring.masters import MasterKeys

_VERSION = b"\x01"
_HEAD = 13
_NONCE = 12
_SHORTEST = _HEAD + _NONCE + 16


class Seals:
    """Seals and unseals values."""

    def __init__(self, masters: MasterKeys, clock: Clock, entropy: Entropy) -> None:
        self._masters = masters
        self._clock = clock
        self._entropy = entropy

    def seal(self, purpose: str, data: bytes, context: bytes, lifetime: timedelta) -> str:
        kid = self._masters.current
        head = _VERSION + bytes.fromhex(kid) + microseconds(self._clock.now() + lifetime).to_bytes(8, "big")
        nonce = self._entropy.token_bytes(_NONCE)
        return b64url(head + nonce + self._cipher(kid, purpose).encrypt(nonce, data, _bound(head, purpose, context)))

    def unseal(self, purpose: str, token: str, context: bytes) -> bytes:
        """Return the data. Raises SealBroken."""
        try:
            sealed = unb64url(token)
        except ValueError:
            raise SealBroken from None
        if sealed[:1] != _VERSION or len(sealed) < _SHORTEST:
            raise SealBroken
        head, nonce, ciphertext = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            data = self._cipher(head[1:5].hex(), purpose).decrypt(nonce, ciphertext, _bound(head, purpose, context))
        except (InvalidTag, KeyUnknown):
            raise SealBroken from None
        if _expired(head, self._clock.now()):
            raise SealBroken
        return data

    def _cipher(self, kid: str, purpose: str) -> AESGCM:
        return _cipher_of(self._masters.derive(kid, f"seal/{purpose}"))


# Making one costs several times what it does with a value.
@lru_cache(maxsize=16)
def _cipher_of(key: bytes) -> AESGCM:
    return AESGCM(key)


def _expired(head: bytes, now: datetime) -> bool:
    return microseconds(now) >= int.from_bytes(head[5:_HEAD], "big")


def _bound(head: bytes, purpose: str, context: bytes) -> bytes:
    # The purpose is a word of ours without NUL, so the two parts cannot be mistaken for one another.
    return head + purpose.encode() + b"\0" + context
