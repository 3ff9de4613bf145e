"""Encrypting what we signed, for the client alone (RFC 7516, nested as in RFC 7519 §11.2), where its registration asks
for it.
"""

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from idp.foundation.errors import ProtocolError
from idp.protocol.client_auth.client_keys import ClientKeys
from idp.registry.client import Client
from idp.registry.encryption import Encryption


class Encryptor:
    """Encrypts by the keys of clients."""

    def __init__(self, keys: ClientKeys) -> None:
        self._keys = keys

    def require_key(self, client: Client, what: str) -> None:
        """Raise ProtocolError if an answer could not be encrypted; asked before anything is given away for it."""
        how = client.encryptions.get(what)
        if how is not None:
            self._key(client, how)

    def encrypted(self, token: str, client: Client, what: str) -> str:
        """Return a signed token, encrypted if the client wants this kind of answer so. Raises ProtocolError."""
        how = client.encryptions.get(what)
        if how is None:
            return token
        key = self._key(client, how)
        header = {"alg": how.alg, "enc": how.enc, "cty": "JWT"} | ({"kid": key.kid} if key.kid else {})
        return jwe.encrypt_compact(header, token, key, algorithms=[how.alg, how.enc])

    def _key(self, client: Client, how: Encryption) -> ECKey | RSAKey:
        found = self._keys.encryption_key(client, how.alg)
        try:
            if found is not None:
                return (ECKey if found["kty"] == "EC" else RSAKey).import_key(dict(found))
        except (JoseError, ValueError, KeyError):
            pass
        raise ProtocolError(
            "temporarily_unavailable",
            f"The client's keys hold none with use enc that can be used with {how.alg}.",
            status=503,
        )
