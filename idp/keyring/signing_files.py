"""Private signing keys as files: PKCS #8, wrapped by AES-256-GCM under the current master key and bound to their id.

A file of its own armour stands at ``signing/<kid>.pem``. What can be read here was written by us and is authenticated,
so that the slow plausibility checks of RSA keys are left out when it is loaded.
"""

import base64
import re
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from idp.foundation.errors import ConfigurationError
from idp.keyring.envelope import PREFIX, Envelope, prefix_of
from idp.keyring.errors import CiphertextBroken
from idp.keyring.files import KeyFolder
from idp.keyring.masters import MasterKeys
from idp.keyring.signers import FileSigner, Signer, generate, public_jwk

_COLUMN = "signing_key.private"
_ARMOUR = re.compile(rb"-----BEGIN IDP WRAPPED KEY-----\s+([A-Za-z0-9+/=\s]+)-----END IDP WRAPPED KEY-----\s*")


class SigningFiles:
    """The private keys of one folder. Loaded ones stay in memory, one object a key."""

    def __init__(self, folder: KeyFolder, masters: MasterKeys, envelope: Envelope) -> None:
        self._folder = folder
        self._masters = masters
        self._envelope = envelope
        self._signers: dict[str, Signer] = {}

    def make(self, alg: str) -> dict[str, Any]:
        key = generate(alg)
        jwk = public_jwk(key, alg)
        encoded = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._store(jwk["kid"], encoded)
        return jwk

    def load(self, kid: str, alg: str) -> Signer | None:
        signer = self._signers.get(kid)
        if signer is None:
            wrapped = self._wrapped(kid)
            if wrapped is None:
                return None
            key = serialization.load_der_private_key(
                self._unwrap(kid, wrapped), None, unsafe_skip_rsa_key_validation=True
            )
            if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
                raise _damaged(kid)
            signer = self._signers.setdefault(kid, FileSigner.of(kid, alg, key))
        return signer

    def destroy(self, kid: str) -> bool:
        self._signers.pop(kid, None)
        return self._folder.remove(_name(kid))

    def rewrap(self) -> int:
        """Bring every private key under the current master key, and return how many were not."""
        prefix, changed = prefix_of(self._masters.current), 0
        for kid in self._folder.names("signing", ".pem"):
            wrapped = self._wrapped(kid)
            if wrapped is not None and wrapped[:PREFIX] != prefix:
                self._store(kid, self._unwrap(kid, wrapped))
                changed += 1
        return changed

    def under(self, master: str) -> int:
        """Return how many private keys stand under a master key."""
        wrapped = [self._wrapped(kid) for kid in self._folder.names("signing", ".pem")]
        return sum(1 for content in wrapped if content is not None and content[:PREFIX] == prefix_of(master))

    def _store(self, kid: str, encoded: bytes) -> None:
        armour = base64.encodebytes(self._envelope.encrypt(_COLUMN, kid.encode(), encoded))
        self._folder.write(
            _name(kid), b"-----BEGIN IDP WRAPPED KEY-----\n" + armour + b"-----END IDP WRAPPED KEY-----\n"
        )

    def _wrapped(self, kid: str) -> bytes | None:
        content = self._folder.read(_name(kid))
        if content is None:
            return None
        match = _ARMOUR.fullmatch(content)
        if match is None:
            raise _damaged(kid)
        return base64.b64decode(match[1])

    def _unwrap(self, kid: str, wrapped: bytes) -> bytes:
        try:
            return self._envelope.decrypt(_COLUMN, kid.encode(), wrapped)
        except CiphertextBroken:
            raise _damaged(kid) from None


def _name(kid: str) -> str:
    return f"signing/{kid}.pem"


def _damaged(kid: str) -> ConfigurationError:
    return ConfigurationError(
        f"IDP_KEYS_DIR: signing/{kid}.pem is damaged, or its master key is missing. Restore the folder from its backup."
    )
