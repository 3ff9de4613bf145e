"""Security event tokens (RFC 8417, SSF 1.0 §4): typ ``secevent+jwt``, ``sub_id``, no ``sub``, no ``exp``, one event."""

from collections.abc import Mapping
from typing import Any, Final

from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.registry.client import Client

TYP: Final = "secevent+jwt"
ALGORITHMS: Final = ("RS256", "ES256")
"""RS256 is what the CAEP interoperability profile asks for; a client may have ES256 with its ID tokens."""


class SecurityEventTokens:
    """Signs what waits in a lane."""

    def __init__(self, keyring: Keyring, settings: Settings) -> None:
        self._keyring = keyring
        self._issuer = settings.issuer

    def sign(self, client: Client, payload: Mapping[str, Any]) -> str:
        """Return the token of a stored event for its receiver."""
        claims = {
            "iss": self._issuer,
            "aud": client.client_id,
            **{name: payload[name] for name in ("iat", "jti", "txn", "sub_id", "events")},
        }
        wanted = client.id_token_signed_response_alg
        return self._keyring.sign(claims, typ=TYP, alg=wanted if wanted in ALGORITHMS else ALGORITHMS[0])
