"""The metadata documents and the key set as prepared bytes (OpenID Connect Discovery §4.2, RFC 8414 §3, RFC 7517
§5).
"""

import orjson

from idp.foundation.digests import b64url, sha256
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.protocol.endpoints.signals import CONFIGURATION_PATH, transmitter_metadata
from idp.protocol.messages import Answer
from idp.protocol.metadata import provider_metadata

METADATA_PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
JWKS_PATH = "/jwks.json"
_METADATA_MAX_AGE = 300


class Documents:
    """What anyone may read, ready to be sent."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self._keyring = keyring
        self._max_age = settings.jwks_max_age_seconds
        body = orjson.dumps(provider_metadata(settings))
        self.metadata = Answer(200, body, _headers(b64url(sha256(body)[:12]), _METADATA_MAX_AGE))
        signals = orjson.dumps(transmitter_metadata(settings))
        self._signals = Answer(200, signals, _headers(b64url(sha256(signals)[:12]), _METADATA_MAX_AGE))
        self._keys: tuple[str, Answer] = ("", self.metadata)

    def jwks(self) -> Answer:
        """Return the key set; built anew only when the keys have changed."""
        published = self._keyring.published_jwks_bytes()
        if self._keys[0] != published.etag:
            self._keys = (
                published.etag,
                Answer(200, published.body, _headers(published.etag.strip('"'), self._max_age)),
            )
        return self._keys[1]

    def find(self, path: str) -> Answer | None:
        """Return the document at a path, None if there is none."""
        if path in METADATA_PATHS:
            return self.metadata
        if path == CONFIGURATION_PATH:
            return self._signals
        return self.jwks() if path == JWKS_PATH else None


def _headers(etag: str, max_age: int) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Type", "application/json"),
        ("Cache-Control", f"public, max-age={max_age}"),
        ("ETag", f'"{etag}"'),
        ("Access-Control-Allow-Origin", "*"),
    )
