"""One's own account in the browser: looking, changing credentials, ending sessions, taking consent back."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pyotp
import pytest

from idp.audit.events import Event
from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser, Selector
from idp.sign_in.events import PasswordRefused
from tests.support.software_authenticator import Device

PASSWORD = "another-harbour-lamp-9"


def signed_in(browser, person, clock):
    browser.get("/login")
    page = browser.sign_in(person.username, person.password)
    if page.path == "/login/totp":
        clock.advance(30)
        page = browser.submit(code=person.code(clock))
    assert page.path == "/account"
    return browser


def secret_shown(page):
    uri = next(href for href, _ in page.document.links if href.startswith("otpauth:"))
    return parse_qs(urlsplit(uri).query)["secret"][0]


PAGES = [
    "/account",
    "/account/methods",
    "/account/password",
    "/account/passkeys/new",
    "/account/totp/new",
    "/account/recovery-codes",
    "/account/devices",
    "/account/services",
    "/account/activity",
]


@pytest.mark.parametrize("path", PAGES)
def test_page_is_shown_to_whom_it_belongs_only(new_browser, account_factory, path):
    """ASVS-8.2.1: without a session every page leads to the sign-in and back."""
    person = account_factory()
    browser = new_browser()
    page = browser.get(path)
    assert page.path == "/login"
    assert browser.sign_in(person.username, person.password).path == path
    assert browser.page.status == 200


def test_overview_masks_personal_values(browser, account_factory, clock):
    """ASVS-14.2.6."""
    person = account_factory()
    page = signed_in(browser, person, clock).page
    assert "张*明" in page.text
    assert person.name not in page.text
    assert person.phone not in page.text


def test_password_is_changed_with_the_present_one(browser, account_factory, clock):
    """ASVS-6.2.2, ASVS-6.2.3."""
    person = account_factory()
    signed_in(browser, person, clock).get("/account/password")
    page = browser.submit(current_password="wrong-lantern-harbour", new_password=PASSWORD)
    assert page.status == 400
    page = browser.submit(current_password=person.password, new_password="woaini1314520")
    assert page.status == 400
    page = browser.submit(current_password=person.password, new_password=PASSWORD)
    assert page.path == "/account/methods"
    browser.forget_cookies()
    browser.get("/login")
    assert browser.sign_in(person.username, person.password).status == 400
    assert browser.sign_in(person.username, PASSWORD).path == "/account"


def test_each_empty_password_is_asked_for_by_its_own_words(browser, account_factory, clock):
    """WCAG 3.3.1: the summary would otherwise say the same thing twice."""
    signed_in(browser, account_factory(), clock).get("/account/password")
    page = browser.submit(current_password="", new_password="")
    assert page.status == 400
    assert page.source.count("请输入当前密码") == 2, "in the summary and at the field"
    assert page.source.count("请输入新密码") == 2


def test_what_was_done_is_said_once_and_by_no_link(browser, account_factory, clock):
    """Who is sent such a link must not read on our own page that somebody has changed their password."""
    person = account_factory()
    signed_in(browser, person, clock)
    for address in ("/account/methods?done=password", "/account/devices?done=others"):
        assert 'class="note good"' not in browser.get(address).source
    browser.get("/account/password")
    page = browser.submit(current_password=person.password, new_password=PASSWORD)
    assert "密码已更改" in page.text
    assert "密码已更改" not in browser.get(page.url).text


def test_changed_password_ends_the_other_devices_when_asked(new_browser, account_factory, clock):
    """ASVS-7.4.3."""
    person = account_factory()
    first, second = new_browser(), new_browser()
    signed_in(first, person, clock)
    signed_in(second, person, clock)
    first.get("/account/password")
    first.submit(current_password=person.password, new_password=PASSWORD, end_others="1")
    assert second.get("/account").path == "/login"
    assert first.get("/account").path == "/account"


@pytest.mark.parametrize("path", ["/account/password", "/account/totp/new", "/account/recovery-codes"])
def test_credentials_change_only_after_a_recent_full_sign_in(browser, account_factory, clock, path):
    """ASVS-7.5.1, NIST-63B-4.1-bind: after 20 minutes password and code are asked again."""
    person = account_factory(with_totp=True)
    signed_in(browser, person, clock)
    clock.advance(minutes=21)
    page = browser.get(path)
    assert page.path == "/login"
    page = browser.sign_in(person.username, person.password)
    assert page.path == "/login/totp"
    assert browser.submit(code=person.code(clock)).path == path


def test_old_session_cannot_post_a_change(browser, account_factory, clock):
    person = account_factory()
    signed_in(browser, person, clock).get("/account/password")
    clock.advance(minutes=21)
    page = browser.submit(current_password=person.password, new_password=PASSWORD)
    assert page.path == "/login"


def test_who_was_signed_out_over_a_form_is_told_and_comes_back_to_it(browser, services, account_factory, clock):
    person = account_factory()
    signed_in(browser, person, clock).get("/account/password")
    services.sessions.terminate(Selector(account_id=person.account_id), reason="staff", actor="system")
    page = browser.submit(current_password=person.password, new_password=PASSWORD)
    assert page.path == "/login"
    assert "没有保存" in page.text
    assert browser.sign_in(person.username, person.password).path == "/account/password"


def test_who_proves_more_over_a_form_comes_back_to_it(browser, account_factory, clock):
    person = account_factory()
    signed_in(browser, person, clock).get("/account/totp/new")
    clock.advance(minutes=21)
    assert browser.submit().path == "/login"
    assert browser.sign_in(person.username, person.password).path == "/account/totp/new"


def test_authenticator_app_is_added_and_removed(browser, account_factory, clock):
    """TOTP-ENROL, ASVS-6.5.6: shown once, active only after its first code."""
    person = account_factory()
    signed_in(browser, person, clock)
    cookie = browser.cookie("idp_session")
    page = browser.get("/account/totp/new")
    assert "otpauth" not in page.source
    key = secret_shown(browser.submit())
    assert "otpauth" not in browser.get("/account/totp/new").source
    page = browser.submit()
    assert secret_shown(page) != key
    key = secret_shown(page)
    page = browser.submit(code="000000", label="我的手机")
    assert page.status == 400
    assert secret_shown(page) == key
    page = browser.submit(code=pyotp.TOTP(key).at(clock.now()), label="我的手机")
    assert page.path == "/account/methods"
    assert "我的手机" in page.text
    assert key not in page.source
    assert browser.cookie("idp_session") != cookie
    # Setting it up proved it, so that the next change asks for nothing more.
    browser.submit("remove")
    page = browser.submit("remove")
    assert page.path == "/account/methods"
    assert "我的手机" not in page.text


def test_removing_the_last_app_takes_the_recovery_codes_along(browser, services, account_factory, clock):
    person = account_factory(with_totp=True, with_recovery_codes=True)
    signed_in(browser, person, clock).get("/account/methods")
    assert "恢复码也会同时失效" in browser.submit("remove").text
    page = browser.submit("remove")
    assert page.path == "/account/methods"
    assert [view.kind for view in services.factors.enrolled(person.account_id).authenticators] == ["password"]


def test_staff_keep_their_last_app(browser, services, account_factory, clock):
    person = account_factory(kind="staff")
    page = signed_in(browser, person, clock).get("/account/methods")
    assert not any(form.button("remove") for form in page.forms)
    view = services.factors.enrolled(person.account_id).authenticators[-1]
    browser.get("/account/password")
    token = next(one.value for one in browser.page.forms[0].controls if one.name == "csrf_token")
    browser.post("/account/methods", {"csrf_token": token, "remove": str(view.id), "answer": "remove"})
    assert services.factors.enrolled(person.account_id).second_factors == ("totp",)


def test_other_devices_are_seen_and_ended(new_browser, account_factory, clock):
    """ASVS-7.5.2."""
    person = account_factory()
    first, second = new_browser(), new_browser(agent="Mozilla/5.0 (iPhone) AppleWebKit/605 Version/18 Safari/604.1")
    signed_in(first, person, clock)
    signed_in(second, person, clock)
    page = first.get("/account/devices")
    assert "iPhone" in page.text
    other = next(
        one.value
        for form in page.forms
        for one in form.controls
        if one.name == "device" and one.is_button and one.value != "others"
    )
    page = first.submit(other)
    assert "iPhone" in page.text
    assert second.get("/account").path == "/login"


@pytest.mark.parametrize("way", ["one", "others", "remembered"])
def test_browser_that_is_signed_out_from_afar_is_asked_for_the_code_again(new_browser, account_factory, clock, way):
    """Who ticked the box on a computer of others and signs it out from home does not leave it half open for a month."""
    person = account_factory(with_totp=True)
    at_home, elsewhere = new_browser(), new_browser()
    elsewhere.get("/login")
    elsewhere.sign_in(person.username, person.password)
    elsewhere.submit(code=person.code(clock), remember="1")
    if way == "remembered":
        elsewhere.get("/logout")
        elsewhere.submit("logout-confirm")
    page = signed_in(at_home, person, clock).get("/account/devices")
    buttons = [one.value for form in page.forms for one in form.controls if one.name == "device" and one.is_button]
    at_home.submit(next(one for one in buttons if way in {one, "one"}))
    assert "remembered" not in [one.value for form in at_home.page.forms for one in form.controls]
    elsewhere.get("/login")
    assert elsewhere.sign_in(person.username, person.password).path == "/login/totp"


def test_nobody_ends_the_session_of_another_account(new_browser, services, account_factory, clock):
    """ASVS-8.2.2: foreign ids do nothing."""
    owner, stranger = new_browser(), new_browser()
    victim = account_factory()
    signed_in(owner, victim, clock)
    signed_in(stranger, account_factory(), clock)
    session = services.sessions.list(account_id=victim.account_id)[0]
    stranger.get("/account/devices")
    token = next(one.value for one in stranger.page.forms[0].controls if one.name == "csrf_token")
    stranger.post("/account/devices", {"csrf_token": token, "device": str(session.id)})
    assert owner.get("/account").path == "/account"


def test_consent_is_listed_and_withdrawn(browser, services, new_relying_party, account_factory):
    """ASVS-10.4.9, NIST-63C-4.6.1-consent-view."""
    person = account_factory()
    new_relying_party("tax", client_uri="http://localhost:8001/").authorize(browser)
    browser.sign_in(person.username, person.password)
    browser.submit("consent-allow")
    assert "http://localhost:8001/" in [href for href, _ in browser.get("/").document.links], "a way back to the site"
    page = browser.get("/account/services")
    assert "税务局网上办税" in page.text
    assert "信息 姓名、用户名" in page.text, "in the words of the consent page, the name once"
    page = browser.submit("tax")
    assert services.consents.remembered(person.account_id, "tax") is not None
    page = browser.submit("withdraw")
    assert page.path == "/account/services"
    assert services.consents.remembered(person.account_id, "tax") is None
    assert "http://localhost:8001/" not in [href for href, _ in browser.get("/").document.links]


def test_activity_tells_of_wrong_passwords(browser, account_factory, clock):
    person = account_factory()
    browser.get("/login")
    browser.submit("login-submit", username=person.username, password="wrong-lantern-harbour")
    signed_in(browser, person, clock)
    page = browser.get("/account/activity")
    assert page.status == 200
    assert len(page.document.text) > 0


def test_activity_tells_a_new_device_and_a_recovery_code_from_other_sign_ins(
    new_browser, services, account_factory, clock
):
    """NIST-63B-4.6-notify: also who has no address finds it."""
    person = account_factory(with_totp=True, with_recovery_codes=True, preferred_language="zh-Hans")
    first, second = new_browser(), new_browser(network="192.0.2.1")
    signed_in(first, person, clock)
    assert latest_activity(first) == "从新设备登录"
    services.sessions.terminate(Selector(account_id=person.account_id), reason="logout", actor="system")
    clock.advance(30)
    signed_in(first, person, clock)
    assert latest_activity(first) == "登录"
    second.get("/login")
    second.submit("login-submit", username=person.username, password=person.password)
    second.get("/login/recovery-code")
    second.submit(code=person.recovery_codes[0])
    assert latest_activity(first) == "使用恢复码登录"


@pytest.mark.parametrize("flood", ["passwords", "tokens"])
def test_a_flood_of_events_does_not_push_a_sign_in_out_of_sight(browser, services, account_factory, clock, flood):
    """Nobody hides what they did behind a hundred wrong passwords, nor does an application that asks for tokens."""
    person = account_factory()
    signed_in(browser, person, clock)
    for number in range(120):
        clock.advance(1)
        refused = PasswordRefused(
            account_id=person.account_id, reason="wrong", identifier=str(number), known_device=False
        )
        services.audit.record(refused if flood == "passwords" else Refreshed(account_id=person.account_id))
    shown = browser.get("/account/activity").text
    assert "从新设备登录" in shown
    assert shown.count("密码错误") <= 20


@dataclass(frozen=True, kw_only=True)
class Refreshed(Event):
    """As often as an application asks for a token."""

    action: ClassVar[str] = "token.refreshed"


def test_a_live_session_is_listed_however_many_have_ended_since(browser, new_browser, services, account_factory, clock):
    """Who opens and ends two hundred more does not hide one that goes on."""
    person = account_factory()
    hidden = signed_in(new_browser(), person, clock)
    for _ in range(210):
        clock.advance(1)
        proved = [VerifiedFactor("password", clock.now())]
        opened = services.sessions.open(person.account_id, proved, uuid4(), Browser("192.0.2.0/24", "curl"))
        services.sessions.terminate(Selector(session_id=opened.session_id), reason="logout", actor="system")
    signed_in(browser, person, clock)
    (other,) = [one.id for one in services.sessions.list(account_id=person.account_id)][1:]
    assert str(other) in browser.get("/account/devices").source
    browser.submit(str(other))
    assert hidden.get("/account").path == "/login"


def latest_activity(browser):
    """What the first line of the activity page says."""
    return browser.get("/account/activity").text.partition("事项 时间 设备 地点 ")[2].split()[0]


def test_passkey_is_added_named_listed_and_removed(browser, account_factory, issuer, clock):
    person = account_factory()
    signed_in(browser, person, clock)
    device = Device(issuer)
    browser.get("/account/methods")
    page = browser.follow_link("创建通行密钥")
    options = page.form("passkey-create").attributes["data-options"]
    page = browser.submit("passkey-create", label="太" * 21, credential=device.make(options))
    assert page.status == 400
    assert "最多20个字" in page.text
    options = page.form("passkey-create").attributes["data-options"]
    page = browser.submit("passkey-create", label="我的电脑", credential=device.make(options))
    assert page.path == "/account/methods"
    assert "通行密钥已设置好" in page.text
    assert "我的电脑" in page.text
    page = browser.submit("remove")
    assert "要删除" in page.text
    page = browser.submit("remove", answer="remove")
    assert "通行密钥已删除" in page.text
    assert "我的电脑" not in page.text


def test_staff_are_told_which_keys_they_may_use(browser, account_factory, issuer, clock):
    """Rule A2: without a list of makers none is accepted."""
    signed_in(browser, account_factory(kind="staff"), clock)
    page = browser.get("/account/passkeys/new")
    options = page.form("passkey-create").attributes["data-options"]
    assert '"attestation": "direct"' in options
    page = browser.submit("passkey-create", credential=Device(issuer).make(options))
    assert page.status == 400
    assert "这个密钥不在工作人员可用的名单中" in page.text
