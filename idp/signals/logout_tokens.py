"""Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4): signed, of their own ``typ``, valid for two minutes,
without nonce.

Minted afresh for each attempt, so that a retry after an hour is neither expired nor a replay (rule P12).
"""

from dataclasses import dataclass
from datetime import timedelta

from idp.foundation.clock import Clock
from idp.foundation.entropy import Entropy
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.registry.client import Client

TYP = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
_JTI_BYTES = 16


@dataclass(frozen=True, slots=True)
class Logout:
    """Whose session ended at a site: the site's own ``sid`` and ``sub``. One of them may be missing, not both."""

    sid: str | None
    sub: str | None


class LogoutTokens:
    """Mints logout tokens."""

    def __init__(self, keyring: Keyring, clock: Clock, entropy: Entropy, settings: Settings) -> None:
        self._keyring = keyring
        self._clock = clock
        self._entropy = entropy
        self._issuer = settings.issuer
        self._lifetime = timedelta(seconds=settings.logout_token_lifetime_seconds)

    def mint(self, client: Client, logout: Logout) -> str:
        """Return a logout token, signed with the algorithm of the client's ID tokens, as §2.4 advises."""
        now = self._clock.now()
        claims = {
            "iss": self._issuer,
            "aud": client.client_id,
            "iat": int(now.timestamp()),
            "exp": int((now + self._lifetime).timestamp()),
            "jti": self._entropy.token(_JTI_BYTES),
            "events": {EVENT: {}},
            **({"sid": logout.sid} if logout.sid else {}),
            **({"sub": logout.sub} if logout.sub else {}),
        }
        return self._keyring.sign(claims, typ=TYP, alg=client.id_token_signed_response_alg)
