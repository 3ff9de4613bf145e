"""The server a measurement is about, as the generator sees it: its addresses, our client there and its processes.

Read once from the server's own discovery document (OpenID Connect Discovery 1.0 section 3), so nothing here knows
which provider it is.
"""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CLIENT_ID = "bench"
# The same site registered for refresh tokens too. Apart, so that a plain code flow is the same work on both sides.
OFFLINE_CLIENT_ID = "bench-offline"
# A site under FAPI 2.0, which has a key instead of the secret.
FAPI2_CLIENT_ID = "bench-fapi2"
CLIENT_SECRET = "bench-secret-0123456789abcdef0123456789abcdef"
# Nothing listens there: the generator reads the redirect and does not follow it.
REDIRECT_URI = "http://127.0.0.1:9/callback"
DISCOVERY_PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Subject:
    """A running server under measurement. `processes` are the roots of its process trees."""

    name: str
    issuer: str
    metadata: Mapping[str, Any]
    processes: tuple[int, ...]
    database_processes: tuple[int, ...]
    redirect_uri: str = REDIRECT_URI

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port to connect to."""
        parts = urlsplit(self.issuer)
        return parts.hostname or "127.0.0.1", parts.port or 80

    def endpoint(self, name: str) -> str:
        """Return the address of an endpoint, by its metadata name without `_endpoint`."""
        return str(self.metadata[f"{name}_endpoint"])

    @property
    def discovery_url(self) -> str:
        """Return the address of the discovery document."""
        return self.issuer.rstrip("/") + DISCOVERY_PATH

    @property
    def jwks_url(self) -> str:
        """Return the address of the key set."""
        return str(self.metadata["jwks_uri"])


def read_json(url: str) -> dict[str, Any]:
    """Fetch a JSON object, past any proxy of the environment."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        value: dict[str, Any] = json.load(answer)
    return value


def discover(name: str, issuer: str, processes: tuple[int, ...], database_processes: tuple[int, ...]) -> Subject:
    """Return the subject that answers at that issuer."""
    metadata = read_json(issuer.rstrip("/") + DISCOVERY_PATH)
    return Subject(name, issuer, metadata, processes, database_processes)
