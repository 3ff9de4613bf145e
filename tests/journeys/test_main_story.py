"""The main story of the product, by real programs and in a real browser: one sign-in, three department sites."""

import time

from playwright.sync_api import expect

WITHIN_MILLISECONDS = 2_000


def _sign_in_at(page, site, issuer):
    page.goto(site)
    page.click("#sign-in")
    page.wait_for_url(f"{issuer}/**")


def _agree(page, site):
    page.click("#consent-allow")
    page.wait_for_url(f"{site}/**")
    expect(page.locator("#signed-in")).to_be_visible()


def _is_signed_out_in_time(page, since):
    while not page.locator("#signed-out").is_visible():
        assert (time.monotonic() - since) * 1000 < WITHIN_MILLISECONDS, "the site was not told within two seconds"
        page.reload()


def test_one_sign_in_serves_two_sites_and_staff_end_it_everywhere(
    sites, page, issuer, idp_command, account_factory, enter
):
    """SESS-global-logout, OIDC-CORE-8.1-pairwise, OIDC-BCL-2.5-post."""
    person = account_factory(kind="citizen", with_totp=True)
    _sign_in_at(page, sites.tax, issuer)
    enter(page, person)
    _agree(page, sites.tax)
    tax_sub = page.inner_text("#sub")

    welfare = page.context.new_page()
    _sign_in_at(welfare, sites.welfare, issuer)
    assert welfare.locator("[name=password]").count() == 0, "already signed in"
    _agree(welfare, sites.welfare)
    assert welfare.inner_text("#sub") != tax_sub

    ended = idp_command.run("session", "revoke", "--account", person.username, "--reason", "stolen phone")
    since = time.monotonic()
    assert ended.returncode == 0, ended.stderr
    _is_signed_out_in_time(page, since)
    _is_signed_out_in_time(welfare, since)

    page.goto(f"{issuer}/account")
    expect(page.locator("[name=password]")).to_be_visible()


def test_signing_out_at_one_site_signs_out_at_the_other(sites, page, issuer, account_factory, enter):
    """OIDC-RPLOGOUT-2-notify-first."""
    person = account_factory(kind="citizen")
    _sign_in_at(page, sites.tax, issuer)
    enter(page, person)
    _agree(page, sites.tax)
    welfare = page.context.new_page()
    _sign_in_at(welfare, sites.welfare, issuer)
    _agree(welfare, sites.welfare)

    page.click("#sign-out")
    page.wait_for_url(f"{sites.tax}/**")
    since = time.monotonic()
    expect(page.locator("#signed-out")).to_be_visible()
    _is_signed_out_in_time(welfare, since)


def test_an_enterprise_account_acts_for_its_organization(sites, page, issuer, account_factory, enter):
    person = account_factory(kind="enterprise")
    _sign_in_at(page, sites.enterprise, issuer)
    enter(page, person)
    _agree(page, sites.enterprise)
    expect(page.locator("body")).to_contain_text(person.organizations[0])


def test_staff_cannot_enter_a_citizen_site(sites, page, issuer, account_factory):
    person = account_factory(kind="staff")
    _sign_in_at(page, sites.tax, issuer)
    page.fill("[name=username]", person.username)
    page.fill("[name=password]", person.password)
    page.click("#login-submit")
    page.wait_for_url(f"{issuer}/login/not-admitted**")
    page.goto(sites.tax)
    expect(page.locator("#signed-out")).to_be_visible()


def test_the_story_works_without_script_in_english_on_a_phone(sites, browser_context, issuer, account_factory, enter):
    from tests.support.chromium import PHONE

    page = browser_context(**PHONE | {"locale": "en-GB", "java_script_enabled": False}).new_page()
    person = account_factory(kind="citizen", with_totp=True)
    _sign_in_at(page, sites.tax, issuer)
    expect(page.locator("h1")).to_have_text("Sign in")
    enter(page, person)
    _agree(page, sites.tax)
