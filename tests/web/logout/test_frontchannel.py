"""Front-channel logout: the person's own browser tells the sites (OpenID Connect Front-Channel Logout 1.0)."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.registry.views import Refused
from tests.registry.conftest import tax as registration
from tests.support.relying_party import claims_of


@pytest.fixture
def new_site(new_relying_party):
    def make(client_id, uri="/frontchannel", **changes):
        uri = uri and f"http://localhost:8001{uri}"
        return new_relying_party(client_id, frontchannel_logout_uri=uri, backchannel_logout_uri=None, **changes)

    return make


def frames(page):
    return [unescape(address) for address in re.findall(r'<iframe hidden src="([^"]*)"', page.source)]


def sid_of(site, visitor):
    return claims_of(visitor.tokens(site)["id_token"])["sid"]


def sign_out(visitor):
    visitor.browser.get("/logout")
    return visitor.browser.submit("logout-confirm")


def test_every_site_of_the_session_is_told_in_a_hidden_frame(new_site, visitor, issuer):
    """OIDC-FCL-2-iframe: iss and sid together, each site its own sid."""
    one, two, without = new_site("one"), new_site("two", "/front?x=1"), new_site("three", None)
    sids = [sid_of(one, visitor), sid_of(two, visitor)]
    sid_of(without, visitor)
    page = sign_out(visitor)
    told = [urlsplit(address) for address in frames(page)]
    assert [parse_qs(address.query) for address in told] == [
        {"iss": [issuer], "sid": [sids[0]]},
        {"x": ["1"], "iss": [issuer], "sid": [sids[1]]},
    ]
    assert [address.path for address in told] == ["/frontchannel", "/front"]


def test_policy_admits_frames_of_these_origins_and_no_others(new_site, visitor, new_browser):
    """OIDC-FCL-2-iframe: CSP frame-src; other pages show no frames at all."""
    sid_of(new_site("one"), visitor)
    assert "frame-src" not in visitor.browser.get("/logout").headers["Content-Security-Policy"]
    policy = sign_out(visitor).headers["Content-Security-Policy"]
    assert policy.endswith("; frame-src http://localhost:8001")
    page = new_browser().get("/logout")
    assert frames(page) == []
    assert "frame-src" not in page.headers["Content-Security-Policy"]


def test_browser_goes_back_only_after_the_sites_were_told(new_site, visitor):
    """OIDC-RPLOGOUT-2-notify-first."""
    site = new_site("one")
    token = visitor.tokens(site)["id_token"]
    page = visitor.browser.get(
        "/end_session", id_token_hint=token, post_logout_redirect_uri="http://localhost:8001/", state="s1"
    )
    assert page.left_to == ""
    assert len(frames(page)) == 1
    assert 'data-address="http://localhost:8001/?state=s1"' in page.source
    assert "signed_out" in page.source


def test_site_without_a_front_channel_is_returned_to_at_once(new_site, visitor):
    site = new_site("one", None)
    token = visitor.tokens(site)["id_token"]
    page = visitor.browser.get("/end_session", id_token_hint=token, post_logout_redirect_uri="http://localhost:8001/")
    assert page.left_to == "http://localhost:8001/"


def test_other_browsers_of_the_person_are_not_told_by_this_one(new_site, visitor_of, citizen):
    site = new_site("one")
    first, second = visitor_of(citizen), visitor_of(citizen)
    mine, theirs = sid_of(site, first), sid_of(site, second)
    told = frames(sign_out(first))
    assert len(told) == 1
    assert mine in told[0]
    assert theirs not in told[0]


@pytest.mark.parametrize(
    "uri",
    [
        "https://elsewhere.example/logout",
        "http://localhost:8002/logout",
        "http://127.0.0.1:8001/logout",
        "javascript:alert(1)",
        "http://localhost:8001/logout#part",
        "/logout",
    ],
)
def test_page_that_is_not_on_an_origin_of_the_redirect_uris_is_refused(services, uri):
    """OIDC-FCL-2-iframe: scheme, host and port of a redirect URI."""
    outcome = services.registry.apply(registration(frontchannel_logout_uri=uri), actor="system")
    assert isinstance(outcome, Refused)
    assert {problem.member for problem in outcome.problems} == {"frontchannel_logout_uri"}


def test_session_required_needs_an_address(services):
    outcome = services.registry.apply(registration(frontchannel_logout_session_required=True), actor="system")
    assert isinstance(outcome, Refused)


def test_metadata_says_so(client):
    """OIDC-FCL-3-metadata."""
    metadata = client.get("/.well-known/openid-configuration").get_json()
    assert metadata["frontchannel_logout_supported"] is True
    assert metadata["frontchannel_logout_session_supported"] is True
