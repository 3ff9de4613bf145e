"""What the Basic, Config and Form Post plans ask of a provider beyond our own reading of OpenID Connect Core.
``docs/conformance.md`` says which module of the suite each test stands beside.
"""

import pytest

from tests.protocol.conftest import refused
from tests.support.relying_party import claims_of

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def portal(new_relying_party):
    """An old portal, as the suite's clients are: without PKCE."""
    return new_relying_party(
        "portal",
        scope="openid profile email phone address",
        grant_types=["authorization_code", "refresh_token"],
        policy={"profile": "legacy-oidc", "ends_on": "2026-12-31"},
    )


def without_pkce(**changes):
    return {"code_challenge": None, "code_challenge_method": None} | changes


def test_a_request_without_nonce_or_pkce_gets_tokens(portal, visitor):
    """DEC-1-client-policy: the code flow needs no nonce."""
    code = visitor.code(portal, **without_pkce(nonce=None))
    response = portal.redeem(code, code_verifier=None)
    assert response.status_code == 200
    assert "nonce" not in claims_of(response.get_json()["id_token"])


def test_a_portal_that_does_use_pkce_is_held_to_it(portal, visitor):
    """RFC9700-2.1.1-pkce-downgrade."""
    assert refused(portal.redeem(visitor.code(portal), code_verifier=None), "invalid_grant")
    assert portal.redeem(visitor.code(portal)).status_code == 200


def test_the_order_of_scopes_means_nothing(portal, visitor):
    """OIDC-CORE-3.1.2.1-openid-scope."""
    response = portal.redeem(visitor.code(portal, scope="profile openid"))
    assert "id_token" in response.get_json()


@pytest.mark.parametrize("display", ["page", "popup", "touch", "wap", "none of these"])
def test_how_a_page_is_shown_is_our_affair(portal, visitor, display):
    """OIDC-CORE-3.1.2.1-locales-display-acr."""
    assert (
        "code" in visitor.visit(portal, display=display, claims_locales="se", ui_locales="se", acr_values="1 2").answer
    )


def test_a_code_used_again_after_half_a_minute_revokes_its_tokens(portal, visitor, clock):
    """OIDC-CORE-3.1.3.2-code-bound."""
    code = visitor.code(portal)
    token = portal.redeem(code).get_json()["access_token"]
    clock.advance(30)
    assert refused(portal.redeem(code), "invalid_grant")
    assert portal.userinfo(token).status_code == 401


def test_a_refresh_token_belongs_to_its_client(portal, tax, visitor):
    """OIDC-CORE-12-refresh: and has no character that a form could not carry (RFC 6749 appendix A.17)."""
    tokens = portal.redeem(visitor.code(portal)).get_json()
    assert all(" " <= character <= "~" for character in tokens["refresh_token"])
    assert refused(tax.refresh(tokens["refresh_token"]), "invalid_grant")
    refreshed = portal.refresh(tokens["refresh_token"]).get_json()
    before, after = claims_of(tokens["id_token"]), claims_of(refreshed["id_token"])
    assert {name: before[name] for name in ("iss", "sub", "aud", "azp", "auth_time")} == {
        name: after[name] for name in ("iss", "sub", "aud", "azp", "auth_time")
    }
    assert portal.userinfo(refreshed["access_token"]).status_code == 200


class TestAddressWithAQuery:
    """A registered redirect URI that has a query of its own (RFC 6749 §3.1.2)."""

    @pytest.fixture
    def site(self, new_relying_party):
        return new_relying_party("site", redirect_uris=["http://localhost:8001/callback?foo=bar"])

    def test_its_query_is_kept(self, site, visitor):
        """RFC9700-2.1-redirect-exact."""
        page = visitor.visit(site, redirect_uri="http://localhost:8001/callback?foo=bar")
        assert page.left_to.startswith("http://localhost:8001/callback?foo=bar&")
        assert (page.answer["foo"], page.answer["state"]) == ("bar", site.state)

    @pytest.mark.parametrize("query", ["", "?foo=baz", "?foo=bar&x=1", "?x=1&foo=bar", "?foo=bar&", "?FOO=bar"])
    def test_another_query_is_another_address(self, site, visitor, query):
        """RFC9700-2.1-redirect-exact."""
        page = site.authorize(visitor.browser, redirect_uri=f"http://localhost:8001/callback{query}")
        assert (page.status, page.left_to) == (400, "")


def test_prompt_none_right_after_a_sign_in_tells_of_the_same_one(portal, visitor, clock):
    """OIDC-CORE-3.1.2.1-prompt-none, OIDC-CORE-3.1.2.1-max-age, OIDC-CORE-3.1.2.1-id-token-hint."""
    first = portal.redeem(visitor.code(portal)).get_json()["id_token"]
    clock.advance(2)
    for change in ({}, {"max_age": "10000"}, {"id_token_hint": first}):
        page = portal.authorize(visitor.browser, prompt="none", **change)
        second = claims_of(portal.redeem(page.answer["code"]).get_json()["id_token"])
        assert {name: second[name] for name in ("sub", "auth_time")} == {
            name: claims_of(first)[name] for name in ("sub", "auth_time")
        }
    assert portal.authorize(visitor.browser, prompt="none", max_age="1").answer["error"] == "login_required"
