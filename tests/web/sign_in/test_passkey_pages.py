"""The passkey pages over HTTP: the same for everybody, and a clear answer to whatever is sent."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.software_authenticator import Device


def options_of(page):
    """Return what the browser is asked on this page, as our script reads it."""
    form = next(form for form in page.forms if "credential" in form.names)
    return form.attributes["data-options"]


@pytest.fixture
def device(services, account_factory, issuer):
    """The device of somebody who has a passkey."""
    person = account_factory()
    device = Device(issuer)
    options = services.factors.begin_passkey("b", person.account_id, person.username, needs_attestation=False)
    services.factors.add_passkey(
        "b", person.account_id, device.make(options), "", needs_attestation=False, actor="system"
    )
    device.person = person
    return device


def test_passkey_signs_in_from_the_first_page_and_back_to_the_service(browser, device, new_relying_party):
    page = new_relying_party("tax").authorize(browser)
    page = browser.submit("login-passkey", credential=device.use(options_of(page)))
    assert page.path == "/consent"
    assert browser.submit("consent-allow").answer["code"]


def test_second_factor_page_leads_to_the_passkey(browser, device):
    browser.get("/login")
    page = browser.sign_in(device.person.username, device.person.password)
    assert page.path == "/login/passkey"
    assert browser.submit("login-passkey", credential=device.use(options_of(page))).path == "/account"


def test_every_refusal_looks_the_same(new_browser, device, services):
    """Rule S4: unknown, removed and locked are not told apart."""
    stranger = Device(device.origin)
    stranger.handle = device.handle
    services.accounts.lock(device.person.account_id, reason="test", actor="system")
    answers = set()
    for one, lies in ((stranger, {}), (device, {}), (device, {"signature": b"x"})):
        browser = new_browser()
        page = browser.get("/login")
        page = browser.submit("login-passkey", credential=one.use(options_of(page), **lies))
        answers.add((page.status, re.sub(r"i=[^\"&]+|value=\"[^\"]*\"|data-options=\"[^\"]*\"", "", page.source)))
    assert len(answers) == 1
    assert answers.pop()[0] == 400


def test_first_page_says_the_same_to_everybody(browser, device, new_browser):
    """No enumeration: what is asked names no account and no key, whoever typed what."""
    asked = []
    for visitor, name in ((browser, device.person.username), (new_browser(), "nobody.at.all")):
        visitor.get("/login")
        page = visitor.submit("login-submit", username=name, password="wrong-lantern-harbour")
        asked.append({key: value for key, value in json.loads(options_of(page)).items() if key != "challenge"})
    assert asked[0] == asked[1]
    assert asked[0]["allowCredentials"] == []


def test_answer_comes_too_late_and_is_asked_for_again(browser, device, clock):
    page = browser.get("/login")
    answer = device.use(options_of(page))
    clock.advance(minutes=5)
    page = browser.submit("login-passkey", credential=answer)
    assert page.status == 400
    assert "请再试一次" in page.text
    assert browser.submit("login-passkey", credential=device.use(options_of(page))).path == "/account"


def test_form_sent_without_script_says_what_else_there_is(browser):
    browser.get("/login/passkey")
    page = browser.submit("login-passkey", credential="")
    assert page.status == 400
    assert "浏览器没有提交通行密钥" in page.text
    assert browser.follow_link("使用账号和密码").path == "/login"


def test_answer_without_our_form_is_refused(browser, device):
    """ASVS-3.5.1."""
    page = browser.get("/login")
    answer = device.use(options_of(page))
    assert browser.post("/login/passkey", {"credential": answer}).status == 403


def test_answer_that_is_too_long_is_refused(browser):
    browser.get("/login/passkey")
    assert browser.submit("login-passkey", credential="x" * 17_000).status == 400


RESPONSE = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("clientDataJSON", "authenticatorData", "signature", "userHandle"), st.text(max_size=50))
)
SENT = st.text(min_size=1, max_size=200) | st.fixed_dictionaries(
    {"id": st.text(), "rawId": st.text(), "type": st.text(), "response": RESPONSE | st.none() | st.integers()}
).map(json.dumps)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SENT)
def test_garbage_gets_a_page_and_never_a_fault(browser, text):
    browser.get("/login/passkey")
    assert browser.submit("login-passkey", credential=text).status == 400


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["authenticatorData", "signature", "userHandle"]), st.binary(max_size=300)))
def test_garbage_around_our_own_challenge_gets_a_page_and_never_a_fault(browser, device, parts):
    page = browser.get("/login/passkey")
    sent = json.loads(device.use(options_of(page)))
    sent["response"] |= {name: value.hex() for name, value in parts.items()}
    if parts:
        assert browser.submit("login-passkey", credential=json.dumps(sent)).status == 400
