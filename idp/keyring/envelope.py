"""Column encryption: AES-256-GCM under a key of the column's own, bound to column and row (rule S6), with the master
key's id in front.

Layout: version 1 (1 byte), master key id (4), nonce (12), ciphertext and tag. A value moved to another row or column
does not decrypt.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idp.foundation.entropy import Entropy
from idp.keyring.errors import CiphertextBroken, KeyUnknown
from idp.keyring.masters import MasterKeys

NONCE = 12
TAG = 16
PREFIX = 5
_VERSION = b"\x01"


class Envelope:
    """Encrypts and decrypts single values of columns."""

    def __init__(self, masters: MasterKeys, entropy: Entropy) -> None:
        self._masters = masters
        self._entropy = entropy

    def encrypt(self, column: str, row: bytes, plaintext: bytes) -> bytes:
        kid = self._masters.current
        prefix, nonce = prefix_of(kid), self._entropy.token_bytes(NONCE)
        return prefix + nonce + self._cipher(kid, column).encrypt(nonce, plaintext, _bound(prefix, column, row))

    def decrypt(self, column: str, row: bytes, ciphertext: bytes) -> bytes:
        """Return the plaintext. Raises CiphertextBroken."""
        prefix = bytes(ciphertext[:PREFIX])
        if prefix[:1] != _VERSION or len(ciphertext) < PREFIX + NONCE + TAG:
            raise CiphertextBroken(column)
        try:
            cipher = self._cipher(prefix[1:].hex(), column)
            return cipher.decrypt(
                ciphertext[PREFIX : PREFIX + NONCE], ciphertext[PREFIX + NONCE :], _bound(prefix, column, row)
            )
        except (InvalidTag, KeyUnknown):
            raise CiphertextBroken(column) from None

    def _cipher(self, kid: str, column: str) -> AESGCM:
        return _cipher_of(self._masters.derive(kid, f"column/{column}"))


@lru_cache(maxsize=32)
def _cipher_of(key: bytes) -> AESGCM:
    """Return the cipher of a key; setting one up costs as much as using it."""
    return AESGCM(key)


def prefix_of(kid: str) -> bytes:
    """Return how every value under this master key begins."""
    return _VERSION + bytes.fromhex(kid)


def _bound(prefix: bytes, column: str, row: bytes) -> bytes:
    return prefix + column.encode() + b"\0" + row
