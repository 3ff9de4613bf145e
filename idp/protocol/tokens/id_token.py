"""ID tokens (OpenID Connect Core §2 and §3.1.3.6), signed with the algorithm that the client registered, and
encrypted if it wants them so (§16.14).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from idp.foundation.clock import Clock
from idp.foundation.digests import b64url, sha256
from idp.keyring.errors import TokenInvalid
from idp.keyring.service import Keyring
from idp.protocol.tokens.encryption import Encryptor
from idp.registry.client import Client

TYP = "JWT"
_OF_ID_TOKENS = frozenset({"sub", "aud", "exp", "iat", "auth_time", "sid"})


@dataclass(frozen=True, slots=True)
class Authentication:
    """Who signed in, how and when; what an ID token tells about the sign-in itself."""

    sub: str
    sid: str
    auth_time: datetime
    acr: str
    amr: Sequence[str]
    nonce: str | None = field(default=None, repr=False)


class IDTokens:
    """Issues ID tokens."""

    def __init__(
        self, keyring: Keyring, clock: Clock, encryptor: Encryptor, *, issuer: str, lifetime_seconds: int
    ) -> None:
        self._keyring = keyring
        self._clock = clock
        self._encryptor = encryptor
        self._issuer = issuer
        self._lifetime_seconds = lifetime_seconds

    def require_key(self, client: Client) -> None:
        """Raise ProtocolError if an ID token for this client could not be encrypted as it wants."""
        self._encryptor.require_key(client, "id_token")

    def issue(self, client: Client, who: Authentication, access_token: str, claims: Mapping[str, Any]) -> str:
        """Return a signed ID token. ``claims`` are those asked for one by one (OpenID Connect Core §5.5)."""
        now = int(self._clock.now().timestamp())
        content: dict[str, Any] = {
            **claims,
            "iss": self._issuer,
            "sub": who.sub,
            "aud": client.client_id,
            "azp": client.client_id,
            "iat": now,
            "exp": now + self._lifetime_seconds,
            "auth_time": int(who.auth_time.timestamp()),
            "acr": who.acr,
            "amr": who.amr,
            "sid": who.sid,
            # Every algorithm offered uses SHA-256 for at_hash but EdDSA, whose Ed25519 uses SHA-512.
            "at_hash": _at_hash(access_token, client.id_token_signed_response_alg),
        }
        if who.nonce is not None:
            content["nonce"] = who.nonce
        signed = self._keyring.sign(content, typ=TYP, alg=client.id_token_signed_response_alg)
        return self._encryptor.encrypted(signed, client, "id_token")


def read_hint(token: str, keyring: Keyring, issuer: str) -> dict[str, Any] | None:
    """Return the claims of an ID token of ours that comes back as a hint, expired or not; None if it is none.

    A signed userinfo answer has the same ``typ``, issuer and audience, but tells of no sign-in (RFC 8725 §3.12).
    """
    try:
        claims = keyring.verify(token, typ=TYP)
    except TokenInvalid:
        return None
    return claims if claims.get("iss") == issuer and claims.keys() >= _OF_ID_TOKENS else None


def _at_hash(access_token: str, alg: str) -> str:
    """Return the left half of the token's digest (OpenID Connect Core §3.1.3.6)."""
    if alg == "EdDSA":
        return b64url(hashlib.sha512(access_token.encode()).digest()[:32])
    return b64url(sha256(access_token)[:16])
