"""Access tokens as JWTs (RFC 9068). One that a person stands behind names its grant by a random reference, so that our
own endpoints see at once when the grant has ended (rule P5); one for a client alone needs no row at all.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from idp.foundation.clock import Clock
from idp.foundation.entropy import Entropy
from idp.keyring.errors import TokenInvalid
from idp.keyring.service import Keyring
from idp.registry.client import Client

TYP = "at+jwt"
_JTI_BYTES = 16


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token of ours says, once its signature, type, issuer, audience and expiry have been checked."""

    client_id: str
    sub: str
    scope: str
    jti: str = field(repr=False)
    reference: str | None = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    claims: dict[str, Any] = field(repr=False)

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())


class AccessTokens:
    """Issues and reads access tokens whose audience is this provider."""

    def __init__(self, keyring: Keyring, clock: Clock, entropy: Entropy, *, issuer: str, lifetime_seconds: int) -> None:
        self._keyring = keyring
        self._clock = clock
        self._entropy = entropy
        self._issuer = issuer
        self.lifetime_seconds = lifetime_seconds

    def issue(self, client: Client, *, sub: str, scope: str, reference: str | None = None, **more: object) -> str:
        """Return a signed token. ``more`` adds claims such as auth_time and acr."""
        now = int(self._clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": sub,
            "aud": self._issuer,
            "client_id": client.client_id,
            "scope": scope,
            "iat": now,
            "exp": now + self.lifetime_seconds,
            "jti": self._entropy.token(_JTI_BYTES),
            **more,
        }
        if reference is not None:
            claims["grant_ref"] = reference
        return self._keyring.sign(claims, typ=TYP)

    def read(self, token: str) -> AccessToken | None:
        """Return what a token says, None unless it is ours, for us, and not expired (RFC 9068 §4)."""
        try:
            claims = self._keyring.verify(token, typ=TYP)
        except TokenInvalid:
            return None
        if claims.get("iss") != self._issuer or claims.get("aud") != self._issuer:
            return None
        if claims["exp"] <= self._clock.now().timestamp():
            return None
        return AccessToken(
            claims["client_id"],
            claims["sub"],
            claims["scope"],
            claims["jti"],
            claims.get("grant_ref"),
            datetime.fromtimestamp(claims["iat"], UTC),
            datetime.fromtimestamp(claims["exp"], UTC),
            claims,
        )
