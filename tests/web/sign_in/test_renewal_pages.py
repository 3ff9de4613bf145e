"""A new credential that an officer requires: nothing opens, and no site learns anything, before it is set (S1, S4)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest

from idp.sessions.values import Selector
from tests.factories.accounts import PASSWORD
from tests.web.sign_in.test_enrolment_pages import secret_shown

NEW = "velvet-orchard-sparrow-58"


@pytest.fixture
def require(services):
    """Have an officer require a new password, and perhaps a new factor, for a day."""

    def place(person, factor=None, kind="reset_credential"):
        until = services.clock.now() + timedelta(days=1)
        with services.database.transaction():
            services.requirements.place(
                person.account_id, kind, until, factor=factor, reason="leaked list", actor="command:test"
            )
            services.devices.forget(person.account_id)
            services.sessions.terminate(
                Selector(account_id=person.account_id), reason="requirement", actor="command:test"
            )

    return place


@pytest.fixture
def person(account_factory):
    return account_factory(with_totp=True, with_recovery_codes=True)


@pytest.fixture
def tax(new_relying_party):
    return new_relying_party(
        "tax", grant_types=["authorization_code", "refresh_token"], scope="openid profile offline_access"
    )


@pytest.fixture
def at_renewal(browser, person, require, tax, clock):
    """Bring a browser to the page of the new password, on its way to the tax site."""
    require(person)
    tax.authorize(browser)
    page = browser.sign_in(person.username, person.password, person.code(clock))
    assert page.path == "/login/renew"
    return browser


def test_what_is_open_ends_when_the_requirement_is_placed(browser, person, require, tax, clock):
    tokens = tax.sign_in(browser, person, clock, scope="openid profile offline_access", prompt="consent")
    assert "refresh_token" in tokens
    code = tax.authorize(browser).answer["code"]
    require(person)
    assert tax.refresh(tokens["refresh_token"]).status_code == 400
    assert tax.redeem(code).status_code == 400
    assert tax.userinfo(tokens["access_token"]).status_code == 401
    assert browser.get("/account").path == "/login"


def test_the_new_password_opens_the_session_and_the_site_gets_its_answer(at_renewal, person, tax, services, clock):
    assert at_renewal.cookie("idp_session") is None
    page = at_renewal.submit(new_password=NEW)
    if page.has("consent-allow"):
        page = at_renewal.submit("consent-allow")
    assert tax.redeem(page.answer["code"]).status_code == 200
    assert services.requirements.in_force(person.account_id) == ()
    actions = [one.action for one in services.audit.of_account(person.account_id)]
    assert {"account.require", "authenticator.password_set", "account.credential_renewed"} <= set(actions)
    at_renewal.forget_cookies()
    clock.advance(30)
    at_renewal.get("/login")
    assert at_renewal.sign_in(person.username, person.password).has("password-problem"), "the old one is over"
    assert at_renewal.sign_in(person.username, NEW, person.code(clock)).path == "/account"


def test_no_other_way_leads_past_it(at_renewal, person, tax, services):
    for path in ("/account", "/account/password", "/account/methods"):
        assert at_renewal.get(path).path == "/login"
    assert tax.authorize(at_renewal).path == "/login"
    assert tax.authorize(at_renewal, prompt="none").answer["error"] == "login_required"
    for path in ("/login/totp", "/login/organization", "/login/enrol"):
        ways_on = [href for href, _ in at_renewal.get(path).document.links if href.startswith("/login")]
        assert ways_on
        assert all(href.startswith("/login/renew") for href in ways_on)
    assert at_renewal.cookie("idp_session") is None
    assert services.sessions.list(account_id=person.account_id) == []


@pytest.mark.parametrize("password", ["", PASSWORD, "short", "password1234"])
def test_a_bad_or_the_same_password_is_refused_with_words(at_renewal, person, services, password):
    page = at_renewal.submit(new_password=password)
    assert (page.status, page.has("new_password-problem")) == (400, True)
    assert page.path == "/login/renew"
    assert services.requirements.renewal(person.account_id) is not None


def test_before_everything_is_proved_the_requirement_does_not_show(new_browser, person, account_factory, require):
    other = account_factory(with_totp=True)
    require(person)
    answers = []
    for one in (person, other):
        fresh = new_browser()
        fresh.get("/login")
        page = fresh.sign_in(one.username, "wrong-lantern-harbour")
        answers.append((page.status, page.text))
        assert fresh.sign_in(one.username, one.password).path == "/login/totp"
        assert fresh.get("/login/renew").path != "/account"
        assert not fresh.page.has("new_password")
    assert answers[0] == answers[1]


def test_a_remembered_browser_proves_its_second_factor_again(browser, person, require, clock):
    browser.get("/login")
    browser.submit("login-submit", username=person.username, password=person.password)
    browser.submit(code=person.code(clock), remember="yes")
    require(person)
    clock.advance(30)
    browser.get("/login")
    assert browser.sign_in(person.username, person.password).path == "/login/totp"


def test_a_named_factor_is_enrolled_anew_and_the_old_one_is_over(browser, person, require, services, clock):
    require(person, factor="totp")
    browser.get("/login")
    browser.sign_in(person.username, person.password, person.code(clock))
    assert browser.submit(new_password=NEW).path == "/login/enrol"
    assert services.factors.enrolled(person.account_id).second_factors == ()
    clock.advance(30)
    page = browser.submit("login-submit")
    secret = secret_shown(page)
    assert browser.submit(code=person.code(clock)).status == 400, "the old app is no proof of a new one"
    page = browser.submit(code=pyotp.TOTP(secret).at(clock.now()))
    assert services.requirements.in_force(person.account_id) == ()
    assert browser.cookie("idp_session") is None
    assert browser.submit(saved="yes").path == "/account"
    assert services.factors.enrolled(person.account_id).second_factors == ("totp", "recovery_code")


def test_who_stops_halfway_goes_on_from_there(browser, new_browser, person, require, services, clock):
    require(person, factor="totp")
    browser.get("/login")
    browser.sign_in(person.username, person.password, person.code(clock))
    browser.submit(new_password=NEW)
    later = new_browser()
    later.get("/login")
    assert later.sign_in(person.username, NEW).path == "/login/enrol"
    assert services.sessions.list(account_id=person.account_id) == []


def test_when_its_time_is_over_the_account_signs_in_as_before(browser, person, require, clock):
    require(person)
    clock.advance(hours=24)
    browser.get("/login")
    assert browser.sign_in(person.username, person.password, person.code(clock)).path == "/account"


def test_of_two_tabs_one_sets_the_password(at_renewal, person, services):
    """Both have the same form; whoever comes second finds the step done, and replaces nothing."""
    form = at_renewal.page.form(None, ["new_password"])
    fields = dict(form.successful(form.default_button()))
    address = at_renewal.page.url
    passwords = (NEW, "copper-lighthouse-meadow-36")

    def send(password):
        tab = at_renewal.client.application.test_client()
        for cookie in at_renewal.client._cookies.values():  # noqa: SLF001 - the same browser, twice at once
            tab.set_cookie(cookie.key, cookie.value, domain=cookie.domain, path=cookie.path)
        return tab.post(
            address,
            data=fields | {"new_password": password},
            headers={"Origin": at_renewal.issuer, "Sec-Fetch-Site": "same-origin"},
        )

    with ThreadPoolExecutor(2) as pool:
        answers = [one.result() for one in [pool.submit(send, password) for password in passwords]]
    opened = [answer for answer in answers if "idp_session=" in str(answer.headers.getlist("Set-Cookie"))]
    assert len(opened) == 1
    assert len(services.sessions.list(account_id=person.account_id)) == 1
    events = [one.action for one in services.audit.of_account(person.account_id)]
    assert events.count("account.credential_renewed") == 1
