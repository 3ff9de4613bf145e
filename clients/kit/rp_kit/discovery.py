"""What the provider says about itself (OpenID Connect Discovery 1.0 §4), read once an hour.

The document must name exactly the issuer it was asked for (§4.3), and every endpoint must be https unless the issuer
itself is a loopback address. A provider without S256 or without RFC 9207 is refused: the kit's protection rests on
both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rp_kit.configuration import Configuration
from rp_kit.errors import ProviderUnreachable
from rp_kit.outbound import Outbound
from rp_kit.single_flight import SingleFlight

_KEPT_SECONDS = 3600.0
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Metadata:
    """The part of the discovery document that the kit uses."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    promises_sid: bool
    """Logout tokens name sessions, so every ID token must too (Back-Channel Logout 1.0 §2.1)."""


class Discovery:
    """The provider's metadata, cached."""

    def __init__(self, configuration: Configuration, outbound: Outbound, now: Callable[[], float]) -> None:
        """Fetch nothing yet."""
        self._issuer = configuration.issuer
        self._outbound = outbound
        self._cache = SingleFlight(self._fetch, now)

    def metadata(self) -> Metadata:
        """Raise ProviderUnreachable when the provider cannot be asked or answers for another issuer."""
        return self._cache.get()

    def _fetch(self) -> tuple[Metadata, float]:
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        answer = self._outbound.get(url)
        if answer.status != 200:  # noqa: PLR2004, the one status that carries a document
            raise ProviderUnreachable(f"discovery at {url} answered with status {answer.status}")
        return _metadata(answer.object(), self._issuer), _KEPT_SECONDS


def _metadata(document: dict[str, Any], issuer: str) -> Metadata:
    if document.get("issuer") != issuer:
        named = str(document.get("issuer"))[:_SHOWN_CHARACTERS]
        raise ProviderUnreachable(f"discovery names another issuer: {named!r}, not {issuer!r}; they must match exactly")
    if "S256" not in (document.get("code_challenge_methods_supported") or ()):
        raise ProviderUnreachable("the provider does not offer PKCE with S256")
    if document.get("authorization_response_iss_parameter_supported") is not True:
        raise ProviderUnreachable("the provider does not name itself in its responses (RFC 9207)")

    def endpoint(name: str) -> str:
        return _endpoint(document.get(name), name, issuer)

    return Metadata(
        issuer=issuer,
        authorization_endpoint=endpoint("authorization_endpoint"),
        token_endpoint=endpoint("token_endpoint"),
        userinfo_endpoint=endpoint("userinfo_endpoint"),
        jwks_uri=endpoint("jwks_uri"),
        end_session_endpoint=endpoint("end_session_endpoint"),
        promises_sid=document.get("backchannel_logout_session_supported") is True,
    )


def _endpoint(value: object, name: str, issuer: str) -> str:
    if not isinstance(value, str):
        raise ProviderUnreachable(f"discovery names no {name}")
    scheme = urlsplit(value).scheme
    if scheme != "https" and scheme != urlsplit(issuer).scheme:
        raise ProviderUnreachable(f"{name} is not https")
    return value
