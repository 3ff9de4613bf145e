"""Sending a person away to sign in and taking them back: the code flow with PKCE (OpenID Connect Core 1.0 §3.1).

The callback believes nothing until ``state`` is one this browser started and ``iss`` is our provider (RFC 9207 §2.4),
also when it carries an error. Only then is the code redeemed, and the ID token must carry what this browser asked
for.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from rp_kit.assurance import Requirement
from rp_kit.claims import VerifiedClaims
from rp_kit.configuration import Configuration
from rp_kit.discovery import Discovery, Metadata
from rp_kit.errors import LoginRefused
from rp_kit.exchange import Reply, Visit, redirect
from rp_kit.languages import chosen
from rp_kit.pending import PendingLogin, PendingLogins, code_challenge
from rp_kit.sessions import SiteSession
from rp_kit.tokens import TokenClient, Tokens
from rp_kit.verification import Expected, Verifier

_ERROR_CODE = re.compile(r"[a-zA-Z0-9_.-]{1,60}")
_ERROR_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,200}")
_RESPONSE_PARAMETERS = ("state", "iss", "code", "error")
_PROTOCOL_CLAIMS = {"iss", "aud", "exp", "iat", "nbf", "jti", "azp", "nonce", "at_hash", "c_hash"}
_SIGN_IN_CLAIMS = {"sub", "sid", "acr", "amr", "auth_time"}


class Login:
    """Signs people in at one site."""

    def __init__(
        self,
        configuration: Configuration,
        discovery: Discovery,
        tokens: TokenClient,
        verifier: Verifier,
        pending: PendingLogins,
        now: Callable[[], float],
    ) -> None:
        """Nothing is asked of the provider yet."""
        self._configuration = configuration
        self._discovery = discovery
        self._tokens = tokens
        self._verifier = verifier
        self._pending = pending
        self._now = now

    def start(self, visit: Visit, return_to: str, requirement: Requirement) -> Reply:
        """Send the browser to the provider. Raises ProviderUnreachable."""
        metadata = self._discovery.metadata()
        pending, cookies = self._pending.begin(visit.cookies, return_to, requirement)
        request = {
            "response_type": "code",
            "client_id": self._configuration.client_id,
            "redirect_uri": self._configuration.redirect_uri,
            "scope": self._configuration.scope,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": code_challenge(pending.code_verifier),
            "code_challenge_method": "S256",
            "acr_values": requirement.acr,
            "max_age": requirement.max_age,
            "ui_locales": chosen(visit, self._configuration.cookie_name("language")),
        }
        query = urlencode({name: value for name, value in request.items() if value is not None})
        joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return redirect(f"{metadata.authorization_endpoint}{joint}{query}", cookies)

    def finish(self, visit: Visit) -> tuple[SiteSession, PendingLogin]:
        """Return the sign-in that the callback brings. Raises KitError of every kind but ConfigurationError."""
        repeated = [name for name in _RESPONSE_PARAMETERS if sum(key == name for key, _ in visit.query) > 1]
        if repeated:
            raise LoginRefused("invalid_response", f"{repeated[0]} stands there twice")
        pending = self._pending.find(visit.parameter("state") or "", visit.cookies)
        if pending is None:
            raise LoginRefused("unknown_state", "this browser did not start that sign-in, or too long ago")
        if visit.parameter("iss") != self._configuration.issuer:
            raise LoginRefused("wrong_issuer", "iss is missing or another issuer", return_to=pending.return_to)
        error = visit.parameter("error")
        if error is not None:
            # A log line must not be written by whoever writes the address.
            known = error if _ERROR_CODE.fullmatch(error) else "unknown_error"
            raise LoginRefused(known, _described(visit), return_to=pending.return_to)
        code = visit.parameter("code")
        if not code:
            raise LoginRefused("invalid_response", "neither code nor error", return_to=pending.return_to)
        return self._redeem(code, pending), pending

    def _redeem(self, code: str, pending: PendingLogin) -> SiteSession:
        metadata = self._discovery.metadata()
        tokens = self._tokens.exchange(code, pending.code_verifier)
        if tokens.id_token is None:
            raise LoginRefused("invalid_response", "no ID token", return_to=pending.return_to)
        claims = self._verifier.id_token(tokens.id_token, _expected(pending, tokens, metadata))
        released = self._tokens.userinfo(tokens.access_token, claims["sub"])
        return self._session(claims, released, tokens, tokens.id_token)

    def _session(
        self, claims: VerifiedClaims, released: Mapping[str, Any], tokens: Tokens, id_token: str
    ) -> SiteSession:
        now = int(self._now())
        return SiteSession(
            sub=claims["sub"],
            sid=claims.get("sid"),
            claims=_about_the_person(claims, released),
            id_token=id_token,
            access_token=tokens.access_token,
            access_token_expires_at=now + tokens.expires_in,
            refresh_token=tokens.refresh_token,
            issued_at=claims["iat"],
            seen_at=now,
            ends_at=now + self._configuration.session_total_seconds,
        )


def _described(visit: Visit) -> str:
    """Return the provider's words for the developer (RFC 6749 §4.1.2.1), in the characters that it may use."""
    words = visit.parameter("error_description") or ""
    return f"answered by the provider: {words}" if _ERROR_DESCRIPTION.fullmatch(words) else "answered by the provider"


def _expected(pending: PendingLogin, tokens: Tokens, metadata: Metadata) -> Expected:
    return Expected(
        nonce=pending.nonce,
        access_token=tokens.access_token,
        requirement=pending.requirement,
        sid=metadata.promises_sid,
    )


def _about_the_person(claims: VerifiedClaims, released: Mapping[str, Any]) -> dict[str, Any]:
    """Join both sources: userinfo is fresher, but how the person signed in is the signed ID token's to say."""
    signed = {name: value for name, value in claims.items() if name not in _PROTOCOL_CLAIMS}
    fresh = {name: value for name, value in released.items() if name not in _PROTOCOL_CLAIMS | _SIGN_IN_CLAIMS}
    return {**signed, **fresh}
