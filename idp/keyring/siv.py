"""Deterministic seals: the same data in the same context give the same text, whichever node seals them (rule P2).

AES-256-GCM-SIV (RFC 8452), under a key of the purpose's own. The nonce is a digest of the context: where it comes up
again, so do the data, and the text is meant to be the same. Layout: master key id (4 bytes), ciphertext and tag (16).
"""

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from idp.foundation.digests import sha256
from idp.keyring.errors import KeyUnknown, SealBroken
from idp.keyring.masters import MasterKeys

_KID, _NONCE, _TAG = 4, 12, 16


class DeterministicSeals:
    """Seals and unseals values that must come out alike each time."""

    def __init__(self, masters: MasterKeys) -> None:
        self._masters = masters

    def seal(self, purpose: str, data: bytes, context: bytes) -> bytes:
        kid = self._masters.current
        head = bytes.fromhex(kid)
        return head + self._cipher(kid, purpose).encrypt(_nonce(context), data, head + context)

    def unseal(self, purpose: str, sealed: bytes, context: bytes) -> bytes:
        """Return the data. Raises SealBroken."""
        head, ciphertext = sealed[:_KID], sealed[_KID:]
        if len(ciphertext) < _TAG:
            raise SealBroken
        try:
            return self._cipher(head.hex(), purpose).decrypt(_nonce(context), ciphertext, head + context)
        except (InvalidTag, KeyUnknown):
            raise SealBroken from None

    def _cipher(self, kid: str, purpose: str) -> AESGCMSIV:
        return _cipher_of(self._masters.derive(kid, f"siv/{purpose}"))


# Making one costs several times what it does with a token.
@lru_cache(maxsize=16)
def _cipher_of(key: bytes) -> AESGCMSIV:
    return AESGCMSIV(key)


def _nonce(context: bytes) -> bytes:
    return sha256(context)[:_NONCE]
