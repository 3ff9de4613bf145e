"""The site's own calls to the provider: code exchange, refresh (RFC 6749 §4.1.3, §6), userinfo (OpenID Connect Core
1.0 §5.3).

The client authenticates with client_secret_basic (RFC 6749 §2.3.1), or with a key of its own (``rp_kit.client_key``).
Answers are taken apart strictly: a token of another type or without a lifetime is no answer.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from rp_kit.client_key import ASSERTION_TYPE, ClientKey
from rp_kit.configuration import Configuration
from rp_kit.discovery import Discovery
from rp_kit.errors import GrantRefused, ProviderUnreachable, TokenRefused
from rp_kit.outbound import Answer, Outbound

_OK = 200
_FIRST_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave."""

    access_token: str = field(repr=False)
    expires_in: int
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)


class TokenClient:
    """Speaks to the token and userinfo endpoints for one site."""

    def __init__(
        self, configuration: Configuration, discovery: Discovery, outbound: Outbound, now: Callable[[], float]
    ) -> None:
        """Prepare the client's authentication once."""
        self._configuration = configuration
        self._discovery = discovery
        self._outbound = outbound
        self._now = now
        self._key = ClientKey(configuration.client_key) if configuration.client_key else None
        credentials = f"{quote_plus(configuration.client_id)}:{quote_plus(configuration.client_secret)}"
        self._authorization = "Basic " + base64.b64encode(credentials.encode("ascii")).decode("ascii")

    def exchange(self, code: str, code_verifier: str) -> Tokens:
        """Redeem a code. Raises GrantRefused, ProviderUnreachable."""
        return self._grant(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._configuration.redirect_uri,
                "code_verifier": code_verifier,
            }
        )

    def refresh(self, refresh_token: str) -> Tokens:
        """Get a new access token, and usually a new refresh token. Raises as ``exchange`` does."""
        return self._grant({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def userinfo(self, access_token: str, sub: str) -> dict[str, Any]:
        """Return the released claims. Raises TokenRefused when they are of another person (§5.3.2)."""
        endpoint = self._discovery.metadata().userinfo_endpoint
        answer = self._outbound.get(endpoint, {"Authorization": f"Bearer {access_token}"})
        if answer.status != _OK:
            raise ProviderUnreachable(f"userinfo answered with status {answer.status}")
        claims = answer.object()
        if claims.get("sub") != sub:
            raise TokenRefused("userinfo is about another sub than the ID token")
        return claims

    def _grant(self, fields: Mapping[str, str]) -> Tokens:
        endpoint = self._discovery.metadata().token_endpoint
        if self._key is None:
            answer = self._outbound.post_form(endpoint, fields, {"Authorization": self._authorization})
        else:
            answer = self._outbound.post_form(endpoint, {**fields, **self._assertion(self._key)})
        if answer.status == _OK:
            return _tokens(answer.object())
        raise _refusal(answer)

    def _assertion(self, key: ClientKey) -> dict[str, str]:
        client_id, issuer = self._configuration.client_id, self._configuration.issuer
        return {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": key.assertion(client_id, issuer, self._now()),
        }


def _tokens(document: Mapping[str, Any]) -> Tokens:
    access_token, expires_in = document.get("access_token"), document.get("expires_in")
    if not isinstance(access_token, str) or not access_token or str(document.get("token_type")).lower() != "bearer":
        raise ProviderUnreachable("the token endpoint gave no bearer token")
    if not isinstance(expires_in, int) or isinstance(expires_in, bool) or expires_in <= 0:
        raise ProviderUnreachable("the token endpoint gave no lifetime")
    optional = {name: document.get(name) for name in ("id_token", "refresh_token")}
    for name, value in optional.items():
        if value is not None and not isinstance(value, str):
            raise ProviderUnreachable(f"the token endpoint gave a {name} of another type")
    return Tokens(access_token, expires_in, optional["id_token"], optional["refresh_token"])


def _refusal(answer: Answer) -> GrantRefused | ProviderUnreachable:
    """Tell a refusal, which is final, from a provider that is down or busy."""
    if answer.status >= _FIRST_SERVER_ERROR or answer.status == _TOO_MANY_REQUESTS:
        return ProviderUnreachable(f"the token endpoint answered with status {answer.status}")
    document = answer.object()
    return GrantRefused(str(document.get("error", "unknown"))[:80], repr(document.get("error_description", ""))[:200])
