"""Logo and colours of a site on the way to it (rule A8): from our origin, shut in, only of what is in force."""

import re

import pytest

THEME = {"action": "#1d4b8f"}
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 1"><path d="M0 0h3v1z" fill="#1d4b8f"/></svg>'


@pytest.fixture
def branded(tax, registration_factory):
    registration_factory("tax", policy={"theme": THEME, "logo": LOGO})
    return tax


def addresses(page):
    return re.findall(r'(?:href|src)="(/brands/[^"]+)"', page.source)


def test_sign_in_takes_the_colours_and_consent_the_logo_too(branded, visitor, new_browser, services):
    services.registry.forget_cached()
    signing_in = branded.authorize(new_browser(), scope="openid")
    (style,) = addresses(signing_in)
    assert re.fullmatch(r"/brands/tax/theme\.[0-9a-f]{10}\.css", style)
    asking = branded.authorize(visitor.browser, scope="openid profile")
    assert asking.path == "/consent"
    assert [address.rpartition("/")[2].partition(".")[0] for address in addresses(asking)] == ["theme", "logo"]
    assert "style-src 'self'" in asking.headers["Content-Security-Policy"]


def test_a_logo_opened_by_itself_is_shut_in(branded, visitor, client, issuer, services):
    services.registry.forget_cached()
    theme, logo = addresses(branded.authorize(visitor.browser, scope="openid profile"))
    answer = client.get(logo, base_url=issuer)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert b"M0 0h3v1z" in answer.data
    style = client.get(theme, base_url=issuer)
    assert style.mimetype == "text/css"
    assert b"--idp-action:#1d4b8f" in style.data


@pytest.mark.parametrize(
    "path", ["/brands/tax/logo.svg", "/brands/nobody/logo.0000000000.svg", "/brands/tax/..%2Fx", "/brands/%00/x"]
)
def test_any_other_address_is_unknown(branded, client, issuer, path):  # noqa: ARG001 - the site has a brand
    assert client.get(path, base_url=issuer).status_code == 404


def test_an_older_brand_is_gone_once_another_is_in_force(
    branded, visitor, registration_factory, client, issuer, services
):
    services.registry.forget_cached()
    _, logo = addresses(branded.authorize(visitor.browser, scope="openid profile"))
    registration_factory("tax", policy={"logo": LOGO.replace("#1d4b8f", "#083e49")})
    services.registry.forget_cached()
    assert client.get(logo, base_url=issuer).status_code == 404


def test_a_site_without_a_brand_has_our_colours(tax, visitor):
    assert addresses(tax.authorize(visitor.browser, scope="openid profile")) == []
