"""The stand-ins for a person, a site and a provider elsewhere work on the real product, here and over HTTP."""

import pytest

from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty, claims_of
from tests.support.remote import RemoteApplication


def test_person_signs_in_at_a_site_and_the_site_learns_who_it_is(new_relying_party, account_factory, browser, clock):
    tax, person = new_relying_party("tax"), account_factory(with_totp=True)
    tokens = tax.sign_in(browser, person, clock)
    claims = claims_of(tokens["id_token"])
    assert claims["nonce"] == tax.nonce
    assert tax.userinfo(tokens["access_token"]).get_json()["sub"] == claims["sub"]


def test_live_session_needs_no_second_sign_in(new_relying_party, account_factory, browser, clock):
    tax, person = new_relying_party("tax"), account_factory()
    first = tax.sign_in(browser, person, clock)
    assert "code" in tax.authorize(browser).answer
    assert claims_of(tax.sign_in(browser, person, clock)["id_token"])["sub"] == claims_of(first["id_token"])["sub"]


def test_browser_and_site_work_over_http_as_in_this_process(
    serve, issuer, registration_factory, account_factory, clock
):
    site, person = registration_factory("tax"), account_factory()
    provider = RemoteApplication(serve.url)
    tax = RelyingParty(provider, issuer, site.client_id, site.client_secret, site.redirect_uri)
    assert tax.sign_in(Browser(provider, issuer), person, clock)["token_type"] == "Bearer"


@pytest.mark.only_on("sqlite")
def test_chromium_signs_in_on_the_served_provider(serve, page, new_relying_party, account_factory):
    tax, person = new_relying_party("tax"), account_factory()
    page.route(f"{tax.redirect_uri}**", lambda route: route.fulfill(body="the tax site"))
    page.goto(f"{serve.url}/authorize?{tax.authorization_query()}")
    page.fill("[name=username]", person.username)
    page.fill("[name=password]", person.password)
    page.click("#login-submit")
    page.click("#consent-allow")
    page.wait_for_url(f"{tax.redirect_uri}**")
    assert "code=" in page.url


def test_command_and_server_run_on_this_tests_own_deployment(idp_command, idp_server, issuer):
    assert idp_command.run("db", "check").returncode == 0
    browser = Browser(RemoteApplication(issuer), issuer)
    assert browser.get("/.well-known/openid-configuration").json["issuer"] == issuer
    assert idp_server.process.poll() is None
