"""Access tokens as JWTs (RFC 9068). One that a person stands behind names its grant by a random reference, so that our
own endpoints see at once when the grant has ended (rule P5); one for a client alone needs no row at all.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from idp.foundation.clock import Clock
from idp.foundation.entropy import Entropy
from idp.keyring.errors import SealBroken, TokenInvalid
from idp.keyring.service import Keyring
from idp.registry.client import Client

TYP = "at+jwt"
_JTI_BYTES = 16
_PURPOSE = "grant reference"


def own_audiences(issuer: str) -> tuple[str, ...]:
    """Return the names of this provider as a resource: the issuer, which stands for all of it, and userinfo alone."""
    return (issuer, f"{issuer}/userinfo")


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
    def audience(self) -> str:
        return str(self.claims["aud"])

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())


class AccessTokens:
    """Issues and reads access tokens, for this provider and for resources of others (RFC 8707)."""

    def __init__(
        self,
        keyring: Keyring,
        clock: Clock,
        entropy: Entropy,
        *,
        issuer: str,
        lifetime_seconds: int,
        outside_lifetime_seconds: int,
    ) -> None:
        self._keyring = keyring
        self._clock = clock
        self._entropy = entropy
        self.issuer = issuer
        self._own = frozenset(own_audiences(issuer))
        self.lifetime_seconds = lifetime_seconds
        self._outside_lifetime_seconds = outside_lifetime_seconds

    def lifetime_for(self, audience: str) -> int:
        """Return how long a token lives: a short time for others, who may not ask us about it (rule P5)."""
        return self.lifetime_seconds if audience in self._own else self._outside_lifetime_seconds

    def issue(
        self,
        client: Client,
        *,
        sub: str,
        scope: str,
        reference: str | None = None,
        audience: str | None = None,
        **more: object,
    ) -> str:
        """Return a signed token, for this provider unless an audience is named.

        ``more`` adds claims such as auth_time and acr.
        """
        audience = audience or self.issuer
        now = int(self._clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": sub,
            "aud": audience,
            "client_id": client.client_id,
            "scope": scope,
            "iat": now,
            "exp": now + self.lifetime_for(audience),
            "jti": self._entropy.token(_JTI_BYTES),
            **more,
        }
        if reference is not None:
            claims["grant_ref"] = self._hidden(reference, audience)
        return self._keyring.sign(claims, typ=TYP)

    def read(self, token: str) -> AccessToken | None:
        """Return what a token says, None unless it is ours, for us, and not expired (RFC 9068 §4)."""
        found = self.read_any(token)
        return found if found is not None and found.audience in self._own else None

    def read_any(self, token: str) -> AccessToken | None:
        """Return what a token of ours says, whomever it is for; None if it is not ours or has expired."""
        try:
            claims = self._keyring.verify(token, typ=TYP)
        except TokenInvalid:
            return None
        audience = claims.get("aud")
        if claims.get("iss") != self.issuer or not isinstance(audience, str):
            return None
        if claims["exp"] <= self._clock.now().timestamp():
            return None
        try:
            reference = self._shown(claims.get("grant_ref"), audience)
        except SealBroken:
            return None
        return AccessToken(
            claims["client_id"],
            claims["sub"],
            claims["scope"],
            claims["jti"],
            reference,
            datetime.fromtimestamp(claims["iat"], UTC),
            datetime.fromtimestamp(claims["exp"], UTC),
            claims,
        )

    def _hidden(self, reference: str, audience: str) -> str:
        """Return the reference of a grant for a token: sealed for others, so that two of them cannot compare (P6)."""
        if audience in self._own:
            return reference
        lifetime = timedelta(seconds=self.lifetime_for(audience))
        return self._keyring.seal(_PURPOSE, reference.encode(), context=audience.encode(), lifetime=lifetime)

    def _shown(self, reference: str | None, audience: str) -> str | None:
        if reference is None or audience in self._own:
            return reference
        return self._keyring.unseal(_PURPOSE, reference, context=audience.encode()).decode()
