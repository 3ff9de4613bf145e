"""Recovery codes in one's own account: made where they are of use, shown once, and again until they are kept."""

import re

from tests.web.my_account.test_my_account_pages import signed_in


def test_kept_recovery_codes_are_confirmed(browser, account_factory, clock):
    signed_in(browser, account_factory(with_totp=True), clock).get("/account/recovery-codes")
    browser.submit("make")
    page = browser.submit(saved="yes")
    assert page.path == "/account/methods"
    assert "恢复码已启用" in page.text


def test_recovery_codes_are_shown_once(browser, account_factory, clock):
    person = account_factory(with_totp=True)
    signed_in(browser, person, clock).get("/account/recovery-codes")
    page = browser.submit("make")
    codes = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page.source)
    assert len(codes) == 10
    assert page.headers["Cache-Control"] == "no-store"
    again = browser.submit()
    assert again.status == 400
    assert re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", again.source) == codes
    assert browser.submit(saved="1").path == "/account/methods"
    assert codes[0] not in browser.get("/account/recovery-codes").source


def test_codes_that_are_not_kept_yet_are_shown_again_on_request(browser, account_factory, clock):
    """Whoever makes the letters larger to read them has left the page that showed them."""
    signed_in(browser, account_factory(with_totp=True), clock).get("/account/recovery-codes")
    page = browser.submit("make")
    codes = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page.source)
    page = browser.get("/account/recovery-codes?size=elder")
    assert codes[0] not in page.source
    page = browser.submit("show")
    assert page.status == 200
    assert re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page.source) == codes
    browser.submit(saved="1")
    assert not any(form.button("show") for form in browser.get("/account/recovery-codes").forms)


def test_codes_of_one_account_are_not_shown_to_the_next_in_the_same_browser(browser, account_factory, clock):
    signed_in(browser, account_factory(with_totp=True), clock).get("/account/recovery-codes")
    page = browser.submit("make")
    codes = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page.source)
    browser.get("/login?switch=1")
    other = account_factory(with_totp=True)
    browser.sign_in(other.username, other.password)
    clock.advance(30)
    assert browser.submit(code=other.code(clock)).path == "/account"
    page = browser.get("/account/recovery-codes")
    assert not any(form.button("show") for form in page.forms)
    token = next(one.value for one in page.forms[0].controls if one.name == "csrf_token")
    assert codes[0] not in browser.post("/account/recovery-codes", {"csrf_token": token}).source


def test_who_has_a_password_only_is_told_what_recovery_codes_need(browser, services, account_factory, clock):
    person = account_factory()
    page = signed_in(browser, person, clock).get("/account/recovery-codes")
    assert "先设置" in page.text
    assert not any(form.button("make") for form in page.forms)
    browser.get("/account/password")
    token = next(one.value for one in browser.page.forms[0].controls if one.name == "csrf_token")
    page = browser.post("/account/recovery-codes", {"csrf_token": token, "answer": "make"})
    assert page.status == 200
    assert services.factors.enrolled(person.account_id).second_factors == ()
