"""A department's server with keys of its own, signing client assertions (RFC 7523), good ones if not told otherwise."""

import itertools
import warnings
from contextlib import contextmanager
from typing import Any

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.protocol.conftest import refused

ISSUER = "http://localhost:8000"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS: dict[str, Any] = {
    "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
    "PS256": RSAKey.generate_key(2048, {"kid": "rsa"}),
}
PUBLIC: dict[str, Any] = {"keys": [key.as_dict(private=False) for key in KEYS.values()]}
_counter = itertools.count(1)


@contextmanager
def quiet():
    """Let this side use weak keys, and the name EdDSA, of which joserfc warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        yield


class Signer:
    """A department's server: it signs assertions, good ones unless told otherwise."""

    def __init__(self, client, clock):
        self._client = client
        self._clock = clock

    def claims(self, **changes):
        now = int(self._clock.now().timestamp())
        good = {"iss": "bank", "sub": "bank", "aud": ISSUER, "iat": now, "exp": now + 60, "jti": f"j{next(_counter)}"}
        return {name: value for name, value in (good | changes).items() if value is not None}

    def assertion(self, alg="ES256", key=None, header=None, **changes):
        key = key or KEYS[alg]
        head = {"alg": alg, "kid": key.kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        with quiet():
            return jwt.encode(head, self.claims(**changes), key, algorithms=[alg])

    def post(self, assertion, path="/token", **fields):
        form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion}
        form = {name: value for name, value in (form | fields).items() if value is not None}
        return self._client.post(path, base_url=ISSUER, data=form)

    def is_accepted(self, assertion, **fields):
        answer = self.post(assertion, **fields)
        if answer.status_code == 200:
            return True
        assert refused(answer, "invalid_client", 401), answer.text
        return False
