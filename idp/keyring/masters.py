"""Master keys and the index key: made at the first run, looked up by id, and never used themselves but to derive a key
per purpose.

Derivation is HKDF-SHA-256 (RFC 5869) with the use and purpose as its info, so that no key serves two ends (rule P7). A
later epoch (rule O6) would be its salt. The current master key is the one named in ``master/current``.
"""

import re

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from idp.foundation.digests import b64url, unb64url
from idp.foundation.entropy import Entropy
from idp.foundation.errors import ConfigurationError
from idp.keyring.errors import KeyUnknown
from idp.keyring.files import KeyFolder

SIZE = 32
_CURRENT = "master/current"
_INDEX = "index.key"
_KID = re.compile("[0-9a-f]{8}", re.ASCII)


class MasterKeys:
    """The master keys of one folder, read without a lock; one made by another process is found on first use."""

    def __init__(self, folder: KeyFolder, entropy: Entropy) -> None:
        self._folder = folder
        self._entropy = entropy
        self._keys: dict[str, bytes] = {}
        self._derived: dict[tuple[str, str], bytes] = {}
        self._index_keys: dict[str, bytes] = {}
        self.current = ""

    @property
    def exist(self) -> bool:
        return self._folder.has(_CURRENT)

    def open(self) -> None:
        """Make the first keys if there are none, and load the current one."""
        if not self.exist:
            with self._folder.locked():
                if not self.exist:
                    if not self._folder.has(_INDEX):
                        self._folder.write(_INDEX, _text(self._entropy.token_bytes(SIZE)))
                    self._make()
        self.reload()
        self._index_key()

    def reload(self) -> None:
        """Look again which master key is the current one, and forget those that may have been removed."""
        self._keys, self._derived = {}, {}
        named = self._folder.read(_CURRENT)
        kid = (named or b"").decode("ascii", "replace").strip()
        try:
            self._key(kid)
        except KeyUnknown:
            path = self._folder.path / _CURRENT
            raise ConfigurationError(
                f"IDP_KEYS_DIR: {path} names no master key of this folder. Restore the folder from its backup."
            ) from None
        self.current = kid

    def make_next(self) -> str:
        """Make a master key, and make it the current one."""
        with self._folder.locked():
            kid = self._make()
        self.reload()
        return kid

    def _make(self) -> str:
        kid = self._entropy.token_bytes(4).hex()
        while self._folder.has(_name(kid)):
            kid = self._entropy.token_bytes(4).hex()
        self._folder.write(_name(kid), _text(self._entropy.token_bytes(SIZE)))
        self._folder.write(_CURRENT, kid.encode() + b"\n")
        return kid

    def remove(self, kid: str) -> None:
        """Destroy a master key that is not the current one. What stands under it can never be read again."""
        self._folder.remove(_name(kid))
        self.reload()

    def kids(self) -> tuple[str, ...]:
        """Return the ids of every master key in the folder."""
        return self._folder.names("master", ".key")

    def derive(self, kid: str, purpose: str) -> bytes:
        """Return the 32-byte key for one purpose, a word of our code. Raises KeyUnknown."""
        key = self._derived.get((kid, purpose))
        if key is None:
            key = self._derived[kid, purpose] = _derive(self._key(kid), purpose)
        return key

    def index_key(self, kind: str) -> bytes:
        """Return the 32-byte key of one kind of blind index; it never changes."""
        key = self._index_keys.get(kind)
        if key is None:
            key = self._index_keys[kind] = _derive(self._index_key(), f"index/{kind}")
        return key

    def _key(self, kid: str) -> bytes:
        key = self._keys.get(kid)
        if key is None:
            # The id may come from a request: it becomes part of a path only in the one form that ours have.
            content = self._folder.read(_name(kid)) if _KID.fullmatch(kid) else None
            if content is None:
                raise KeyUnknown("no such master key")
            key = self._keys[kid] = self._parsed(_name(kid), content)
        return key

    def _index_key(self) -> bytes:
        content = self._folder.read(_INDEX)
        if content is None:
            raise ConfigurationError(
                f"IDP_KEYS_DIR: {self._folder.path / _INDEX} is missing. Restore the folder from its backup."
            )
        return self._parsed(_INDEX, content)

    def _parsed(self, name: str, content: bytes) -> bytes:
        try:
            key = unb64url(content.decode("ascii").strip())
        except ValueError:
            key = b""
        if len(key) != SIZE:
            raise ConfigurationError(
                f"IDP_KEYS_DIR: {self._folder.path / name} is damaged. Restore the folder from its backup."
            )
        return key


def _name(kid: str) -> str:
    return f"master/{kid}.key"


def _text(key: bytes) -> bytes:
    return b64url(key).encode() + b"\n"


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=SIZE, salt=None, info=f"idp/v1/{purpose}".encode()).derive(key)
