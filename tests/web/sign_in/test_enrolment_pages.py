"""Setting up a second factor during the sign-in: the key, its first code, and the recovery codes that follow."""

import re
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest


def secret_shown(page):
    """Return the key in the address of the page's link to the app."""
    uri = next(href for href, _ in page.document.links if href.startswith("otpauth:"))
    return parse_qs(urlsplit(uri).query)["secret"][0]


def test_short_password_leads_to_setting_up_a_second_factor(browser, services, account_factory, clock):
    """Rule S7; TOTP-ENROL: the key is shown once, and by no GET."""
    person = account_factory(with_totp=True, password="Kx7#mQ2!vR9z")
    services.factors.remove(
        person.account_id, services.factors.enrolled(person.account_id).authenticators[-1].id, actor="system"
    )
    browser.get("/login")
    page = browser.sign_in(person.username, person.password)
    assert page.path == "/login/enrol"
    assert "otpauth" not in page.source
    page = browser.submit("login-submit")
    key = secret_shown(page)
    assert "otpauth" not in browser.get(page.url).source
    page = browser.submit("login-submit")
    assert secret_shown(page) != key
    key = secret_shown(page)
    page = browser.submit("login-submit", code="000000", label="手机")
    assert page.status == 400
    assert secret_shown(page) == key
    page = browser.submit("login-submit", code=pyotp.TOTP(key).at(clock.now()), label="手机")
    codes = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page.source)
    assert len(codes) == 10
    again = browser.submit("login-submit")
    assert again.status == 400
    assert re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", again.source) == codes
    page = browser.submit("login-submit", saved="1")
    assert page.path == "/account"
    assert services.factors.enrolled(person.account_id).second_factors == ("totp", "recovery_code")


@pytest.mark.parametrize("is_signed_in", [False, True], ids=["signing-in", "stepping-up"])
def test_codes_that_are_not_kept_yet_are_not_lost_with_their_page(
    browser, services, new_relying_party, account_factory, clock, is_signed_in
):
    """Whoever makes the letters larger to read the codes, or goes back, sees them again, and comes to the service."""
    person = account_factory()
    if is_signed_in:
        browser.get("/login")
        browser.sign_in(person.username, person.password)
    page = new_relying_party("tax").authorize(browser, acr_values="urn:idp:acr:aal2")
    if not is_signed_in:
        page = browser.sign_in(person.username, person.password)
    assert page.path == "/login/enrol"
    page = browser.submit("login-submit")
    page = browser.submit("login-submit", code=pyotp.TOTP(secret_shown(page)).at(clock.now()))
    codes = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page.source)
    page = browser.get(f"{page.url}&size=xl")
    assert page.status == 200
    assert codes[0] not in page.source
    page = browser.submit("login-submit")
    assert page.status == 200
    assert re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page.source) == codes
    # A step before it, or its address in another tab, leads there as well.
    page = browser.get(page.url.replace("/login/enrol", "/login/totp"))
    assert page.title.startswith("此步骤已过期")
    browser.follow_link("继续")
    assert browser.page.path == "/login/enrol"
    browser.submit("login-submit")
    assert browser.submit("login-submit", saved="1").path == "/consent"
    [session] = services.sessions.list(account_id=person.account_id)
    assert {factor.kind for factor in session.factors} == {"password", "totp"}


def test_set_up_factor_finishes_the_sign_in_when_its_codes_are_shown_no_more(
    browser, new_relying_party, account_factory, clock
):
    person = account_factory()
    browser.get("/login")
    browser.sign_in(person.username, person.password)
    new_relying_party("tax").authorize(browser, acr_values="urn:idp:acr:aal2")
    page = browser.submit("login-submit")
    page = browser.submit("login-submit", code=pyotp.TOTP(secret_shown(page)).at(clock.now()))
    browser.set_cookie("idp_codes", "none")
    assert browser.get(page.url).status == 200
    assert browser.submit("login-submit").path == "/consent"
