"""A citizen who has signed in and agreed, and the tax site they use: where most tests of the protocol begin."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser as From
from tests.support.browser import Browser, Page
from tests.support.dpop import DPoPKey
from tests.support.relying_party import RelyingParty
from tests.support.signing_party import SigningParty, jwks_of

ALL_GRANTS = ["authorization_code", "refresh_token", "client_credentials"]


@dataclass
class Visitor:
    """A person's browser with a live session, as if they had just signed in."""

    browser: Browser
    account_id: Any
    session_id: Any

    def visit(self, site: RelyingParty, **changes: str | None) -> Page:
        """Go to a site and agree to whatever it asks; the page is what came back to the site."""
        page = site.authorize(self.browser, **changes)
        return self.browser.submit("consent-allow") if page.has("consent-allow") else page

    def code(self, site: RelyingParty, **changes: str | None) -> str:
        return self.visit(site, **changes).answer["code"]

    def tokens(self, site: RelyingParty, **changes: str | None) -> dict[str, Any]:
        response = site.redeem(self.code(site, **changes))
        assert response.status_code == 200, response.text
        tokens: dict[str, Any] = response.get_json()
        return tokens


@pytest.fixture
def tax(new_relying_party: Callable[..., RelyingParty]) -> RelyingParty:
    """The tax site, which may use every grant type and asks for all it is registered for."""
    return new_relying_party(
        "tax", grant_types=ALL_GRANTS, scope="openid profile phone email address offline_access organization assurance"
    )


@pytest.fixture
def welfare(new_relying_party: Callable[..., RelyingParty]) -> RelyingParty:
    """Another department's site: another sector."""
    return new_relying_party("welfare", grant_types=ALL_GRANTS)


@pytest.fixture
def visitor_of(services: Any, new_browser: Callable[..., Browser]) -> Callable[..., Visitor]:
    """Sign a person in behind the pages, with these factors, and return their browser."""

    def sign_in(person: Any, factors: tuple[str, ...] = ("password",), **options: Any) -> Visitor:
        now = services.clock.now()
        proved = [VerifiedFactor(kind, now) for kind in factors]
        opened = services.sessions.open(person.account_id, proved, services.entropy.uuid7(), From(), **options)
        browser = new_browser()
        browser.set_cookie("idp_session", opened.cookie)
        return Visitor(browser, person.account_id, opened.session_id)

    return sign_in


@pytest.fixture
def citizen(account_factory: Any) -> Any:
    return account_factory(kind="citizen", email="zhang@example.cn", address="海州市人民路1号")


@pytest.fixture
def visitor(visitor_of: Callable[..., Visitor], citizen: Any) -> Visitor:
    """A citizen who signed in with a password just now."""
    return visitor_of(citizen)


def refused(response: TestResponse, error: str, status: int = 400) -> bool:
    """Tell whether a machine endpoint answered with this error, in the standard form (RFC 6749 §5.2)."""
    body = response.get_json()
    return response.status_code == status and body["error"] == error and set(body) <= {"error", "error_description"}


@pytest.fixture
def new_signing_party(app: Any, issuer: str, clock: Any, registration_factory: Any) -> Callable[..., SigningParty]:
    """Register a site with keys of its own: ``bank = new_signing_party("bank", policy={"profile": "fapi2"})``."""

    def make(client_id: str = "bank", **changes: Any) -> SigningParty:
        usual = {
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": jwks_of("ES256", "RS256", "EdDSA"),
            "scope": "openid profile phone offline_access",
            "dpop_bound_access_tokens": changes.get("policy", {}).get("profile") == "fapi2",
        }
        site = registration_factory(client_id, **(usual | changes))
        party = SigningParty(app, issuer, site.client_id, site.redirect_uri, clock)
        party.dpop_key = DPoPKey() if site.registration["dpop_bound_access_tokens"] else None
        return party

    return make


@pytest.fixture
def bank(new_signing_party: Callable[..., SigningParty]) -> SigningParty:
    """A bank under the profile fapi2."""
    return new_signing_party("bank", policy={"profile": "fapi2"})
