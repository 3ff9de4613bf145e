"""The metadata documents and the key set as prepared bytes (OpenID Connect Discovery §4.2, RFC 8414 §3, RFC 9728 §3,
RFC 7517 §5).
"""

from typing import Any

import orjson

from idp.foundation.digests import b64url, sha256
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.protocol.endpoints.signals import CONFIGURATION_PATH, transmitter_metadata
from idp.protocol.messages import Answer
from idp.protocol.metadata import provider_metadata
from idp.protocol.resource_metadata import resource_metadata

METADATA_PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
JWKS_PATH = "/jwks.json"
_METADATA_MAX_AGE = 300


class Documents:
    """What anyone may read, ready to be sent."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self._keyring = keyring
        self._max_age = settings.jwks_max_age_seconds
        self.metadata = _prepared(provider_metadata(settings))
        self._prepared = dict.fromkeys(METADATA_PATHS, self.metadata) | {
            path: _prepared(document)
            for path, document in (
                *resource_metadata(settings).items(),
                (CONFIGURATION_PATH, transmitter_metadata(settings)),
            )
        }
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
        return self._prepared.get(path) or (self.jwks() if path == JWKS_PATH else None)


def _prepared(document: dict[str, Any]) -> Answer:
    body = orjson.dumps(document)
    return Answer(200, body, _headers(b64url(sha256(body)[:12]), _METADATA_MAX_AGE))


def _headers(etag: str, max_age: int) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Type", "application/json"),
        ("Cache-Control", f"public, max-age={max_age}"),
        ("ETag", f'"{etag}"'),
        ("Access-Control-Allow-Origin", "*"),
    )
