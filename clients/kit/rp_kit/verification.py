"""What each kind of token must say before a site believes it. A token of one kind never passes as another.

ID tokens: OpenID Connect Core 1.0 §3.1.3.7. Logout tokens: Back-Channel Logout 1.0 §2.6. Access tokens: RFC 9068 §4.
The signature library decides nothing here: every rule is checked in this module, and a missing claim is a refusal
(RFC 8725).
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rp_kit import claims as claim
from rp_kit.assurance import ANY_SIGN_IN, Requirement
from rp_kit.claims import VerifiedClaims
from rp_kit.configuration import Configuration
from rp_kit.errors import TokenRefused
from rp_kit.signature import FindKey, signed_claims

ID_TOKEN_TYPE = "JWT"
LOGOUT_TOKEN_TYPE = "logout+jwt"
ACCESS_TOKEN_TYPE = "at+jwt"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

_ID_TOKEN_LONGEST_SECONDS = 3600
_LOGOUT_TOKEN_LONGEST_SECONDS = 600
_ACCESS_TOKEN_LONGEST_SECONDS = 3600
_HASH_OF_ALGORITHM = {
    "ES256": hashlib.sha256,
    "RS256": hashlib.sha256,
    "ES384": hashlib.sha384,
    "RS384": hashlib.sha384,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the site asked for when it sent the person away, and must find again."""

    nonce: str
    access_token: str
    requirement: Requirement = ANY_SIGN_IN
    sid: bool = True
    """Whether the provider promises session ids in logout tokens."""


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Whose sign-ins end: those of one session when ``sid`` is there, else all of the person."""

    jti: str
    issued_at: int
    expires_at: int
    sub: str | None
    sid: str | None


class Verifier:
    """Checks tokens for one site."""

    def __init__(self, configuration: Configuration, find_key: FindKey, now: Callable[[], float]) -> None:
        """``find_key`` takes a kid and an algorithm and looks among the provider's published keys only."""
        self._configuration = configuration
        self._find_key = find_key
        self._now = now

    def id_token(self, token: str, expected: Expected) -> VerifiedClaims:
        """Return the claims of the ID token of a sign-in. Raises TokenRefused."""
        claims = self._any_id_token(token, expected.access_token, sid=expected.sid)
        if not hmac.compare_digest(claim.text(claims, "nonce").encode(), expected.nonce.encode()):
            raise TokenRefused("nonce is not the one of this sign-in")
        # The skew is the provider's clock running behind ours.
        now = self._now() - self._configuration.clock_skew_seconds
        if not expected.requirement.is_met(claims.get("acr"), claims.get("auth_time"), now):
            raise TokenRefused("acr is weaker, or auth_time older, than asked for")
        return VerifiedClaims(claims)

    def refreshed_id_token(self, token: str, *, access_token: str, sub: str, sid: str | None) -> VerifiedClaims:
        """Return the claims of an ID token that came with a refresh: still the same person and session (§12.2)."""
        claims = self._any_id_token(token, access_token, sid=sid is not None)
        if claims["sub"] != sub or claim.optional_text(claims, "sid") != sid:
            raise TokenRefused("sub or sid changed in a refresh")
        return VerifiedClaims(claims)

    def logout_token(self, token: str) -> LogoutToken:
        """Return what a logout token says. Raises TokenRefused. Whether it was spent is the store's to say."""
        claims = self._signed(token, LOGOUT_TOKEN_TYPE, self._configuration.id_token_algorithm)
        claim.check_audience(claims, self._configuration.client_id)
        self._check_times(claims, _LOGOUT_TOKEN_LONGEST_SECONDS)
        if "nonce" in claims:
            raise TokenRefused("nonce stands in a logout token")
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
            raise TokenRefused("events does not hold the logout event")
        sub = claim.check_subject(claims) if "sub" in claims else None
        sid = claim.optional_text(claims, "sid")
        if sub is None and sid is None:
            raise TokenRefused("neither sub nor sid")
        return LogoutToken(claim.text(claims, "jti"), claims["iat"], claims["exp"], sub, sid)

    def access_token(self, token: str, audience: str) -> VerifiedClaims:
        """Return the claims of an access token sent to this site as an API. Raises TokenRefused."""
        claims = self._signed(token, ACCESS_TOKEN_TYPE, self._configuration.access_token_algorithm)
        claim.check_audience(claims, audience)
        claim.check_subject(claims)
        self._check_times(claims, _ACCESS_TOKEN_LONGEST_SECONDS)
        for name in ("client_id", "jti"):
            claim.text(claims, name)
        claim.optional_text(claims, "scope")
        for name in ("nonce", "events"):
            if name in claims:
                raise TokenRefused(f"{name} stands in an access token")
        return VerifiedClaims(claims)

    def _any_id_token(self, token: str, access_token: str, *, sid: bool) -> dict[str, Any]:
        algorithm = self._configuration.id_token_algorithm
        claims = self._signed(token, ID_TOKEN_TYPE, algorithm)
        claim.check_audience(claims, self._configuration.client_id)
        claim.check_subject(claims)
        self._check_times(claims, _ID_TOKEN_LONGEST_SECONDS)
        if claim.text(claims, "azp") != self._configuration.client_id:
            raise TokenRefused("azp is another client")
        if "events" in claims:
            raise TokenRefused("events stands in an ID token")
        if sid or "sid" in claims:
            claim.text(claims, "sid")
        if "at_hash" in claims and claim.text(claims, "at_hash") != _half_hash(access_token, algorithm):
            raise TokenRefused("at_hash belongs to another access token")
        for name, read in (("acr", claim.text), ("auth_time", claim.seconds)):
            if name in claims:
                read(claims, name)
        return claims

    def _signed(self, token: str, typ: str, algorithm: str) -> dict[str, Any]:
        claims = signed_claims(token, typ=typ, algorithm=algorithm, find_key=self._find_key)
        claim.check_issuer(claims, self._configuration.issuer)
        return claims

    def _check_times(self, claims: Mapping[str, Any], longest_seconds: int) -> None:
        claim.check_times(claims, self._now(), self._configuration.clock_skew_seconds, longest_seconds)


def _half_hash(access_token: str, algorithm: str) -> str:
    digest = _HASH_OF_ALGORITHM[algorithm](access_token.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")
