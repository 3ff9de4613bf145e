"""The sign-in pages as a browser meets them: steps, refusals, what is shown and what never is."""

import re
from datetime import timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from tests.support.statements import watched


def without_what_differs(source: str) -> str:
    """Return a page without what differs in every answer: CSRF token, sealed interaction, the passkey's challenge."""
    source = re.sub(r'name="csrf_token" value="[^"]*"', "", source)
    source = re.sub(r"challenge&#34;: &#34;[^&]*", "", source)
    return re.sub(r"[?&]i=[^\"&]*", "", source)


def test_citizen_with_a_long_password_signs_in(browser, account_factory):
    person = account_factory()
    browser.get("/login")
    page = browser.sign_in(person.username, person.password)
    assert (page.path, page.status) == ("/account", 200)


def test_second_factor_is_asked_when_enrolled(browser, account_factory, clock):
    person = account_factory(with_totp=True)
    browser.get("/login")
    page = browser.sign_in(person.username, person.password)
    assert page.path == "/login/totp"
    assert "idp_session" not in page.headers.get("Set-Cookie", "")
    page = browser.submit(code=person.code(clock))
    assert page.path == "/account"


def test_code_may_be_typed_as_people_type_it(browser, account_factory, clock):
    person = account_factory(with_totp=True)
    browser.get("/login")
    browser.sign_in(person.username, person.password)
    code = person.code(clock)
    page = browser.submit(code=f" {code[:3]} {code[3:]} ")
    assert page.path == "/account"


def test_recovery_code_is_the_other_way(browser, account_factory):
    person = account_factory(with_totp=True, with_recovery_codes=True)
    browser.get("/login")
    browser.sign_in(person.username, person.password)
    browser.follow_link("恢复码")
    assert browser.page.path == "/login/recovery-code"
    assert browser.submit(code=person.recovery_codes[0].lower()).path == "/account"


def test_choice_of_the_second_factor_offers_what_there_is(browser, account_factory, clock):
    person = account_factory(with_totp=True, with_recovery_codes=True)
    browser.get("/login")
    page = browser.sign_in(person.username, person.password)
    page = browser.get(page.url.replace("/login/totp", "/login/factor"))
    assert [one.value for one in page.forms[0].controls if one.name == "factor"] == ["totp", "recovery_code"]
    assert browser.submit("login-submit").status == 400
    assert browser.submit("login-submit", factor="passkey").status == 400
    assert browser.submit("login-submit", factor="recovery_code").path == "/login/recovery-code"
    assert browser.submit(code=person.recovery_codes[0]).path == "/account"
    # The last used comes first.
    browser.get("/logout")
    browser.submit("logout-confirm")
    clock.advance(30)
    browser.get("/login")
    page = browser.sign_in(person.username, person.password)
    page = browser.get(page.url.replace("/login/totp", "/login/factor"))
    assert [one.value for one in page.forms[0].controls if one.name == "factor"] == ["recovery_code", "totp"]


def test_known_and_unknown_accounts_get_the_same_answer(new_browser, account_factory):
    """ASVS-6.3.8, rule S4: the same status, body and headers."""
    person = account_factory()
    answers: list[tuple[int, str, list[str]]] = []
    for username in (person.username, "x" * len(person.username)):
        browser = new_browser(network=f"203.0.{len(answers)}.1")
        browser.get("/login")
        page = browser.submit("login-submit", username=username, password="wrong-lantern-harbour")
        source = without_what_differs(page.source).replace(username, "USERNAME")
        answers.append((page.status, source, sorted(name for name in page.headers if name != "Content-Length")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def test_locked_account_looks_like_a_wrong_password(new_browser, account_factory):
    person = account_factory(is_locked=True)
    browser = new_browser()
    browser.get("/login")
    page = browser.sign_in(person.username, person.password)
    assert "账号或密码不正确" in page.text


def test_refusal_keeps_the_name_and_never_the_password(browser):
    browser.get("/login")
    page = browser.submit("login-submit", username="zhang.wei", password="wrong-lantern-harbour")
    assert page.title.startswith("错误：")
    assert 'value="zhang.wei"' in page.source
    assert "wrong-lantern-harbour" not in page.source


def test_empty_fields_are_asked_for(browser):
    browser.get("/login")
    page = browser.submit("login-submit", username="", password="")
    assert page.status == 400
    assert "请输入密码" in page.text


def test_login_hint_fills_the_name(browser, new_relying_party):
    page = new_relying_party("tax").authorize(browser, login_hint="zhang.wei")
    assert page.path == "/login"
    assert 'value="zhang.wei"' in page.source


def test_wait_page_tells_until_when_and_nothing_else(browser, account_factory, clock):
    person = account_factory()
    browser.get("/login")
    for _ in range(3):
        browser.submit("login-submit", username=person.username, password="wrong-lantern-harbour")
    page = browser.submit("login-submit", username=person.username, password=person.password)
    assert page.status == 429
    assert page.headers["Retry-After"] == "2"
    assert "请在<strong>2秒后</strong>再试" in page.source
    clock.advance(2)
    page = browser.submit("again")
    assert f'value="{person.username}"' in page.source
    assert page.status == 200
    assert person.username not in page.url
    assert browser.submit("login-submit", password=person.password).path == "/account"


def test_wait_page_tells_a_time_by_which_the_wait_is_over(browser, account_factory, clock):
    """A wait until half past a minute is not over in that minute's first second."""
    person = account_factory()
    wait = 0
    while wait <= 60:
        clock.advance(wait)
        browser.get("/login")
        page = browser.submit("login-submit", username=person.username, password="wrong-lantern-harbour")
        wait = int(page.headers.get("Retry-After", 0))
    told = re.search(r"请在<strong>(\d\d):(\d\d)后</strong>再试", page.source)
    over = (clock.now() + timedelta(seconds=wait)).astimezone(ZoneInfo("Asia/Shanghai"))
    assert timedelta(hours=int(told[1]), minutes=int(told[2])) >= timedelta(
        hours=over.hour, minutes=over.minute, seconds=over.second
    )


def test_all_places_taken_answers_503(browser, services, account_factory):
    """Rule S5: decided before anything is looked up."""
    person = account_factory()
    taken = [services.factors.reserve(str(number).encode()) for number in range(16)]
    browser.get("/login")
    with watched(services.database) as seen:
        page = browser.sign_in(person.username, person.password)
    assert page.status == 503
    assert int(page.headers["Retry-After"]) >= 1
    assert seen.texts == []
    for place in taken:
        place.__exit__(None, None, None)


def test_looking_at_pages_writes_nothing(browser, services, account_factory):
    """Rule 2: an unauthenticated GET never writes."""
    person = account_factory(with_totp=True)
    statements: list[str] = []
    browser.get("/login")
    browser.sign_in(person.username, person.password)
    query = urlsplit(browser.page.url).query
    for engine in services.database.engines:
        event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    for path in ("/login", "/login/totp", "/login/recovery-code", "/login/organization", "/login/enrol"):
        browser.get(f"{path}?{query}")
    assert statements
    assert all(statement.lstrip().startswith("SELECT") for statement in statements)


def test_first_look_at_the_sign_in_page_asks_the_database_nothing(browser, new_browser, services):
    new_browser().get("/login")  # fills the caches of the process
    statements: list[str] = []
    for engine in services.database.engines:
        event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    assert browser.get("/login").status == 200
    assert statements == []


@pytest.mark.parametrize("path", ["/login/totp", "/login/recovery-code", "/login/organization", "/login/enrol"])
def test_step_out_of_turn_leads_back_and_is_no_error(browser, path):
    """ASVS-2.3.1: 此步骤已过期，继续."""
    page = browser.get(path)
    assert page.status == 200
    assert "此步骤已过期" in page.text


def test_address_of_another_browser_restarts(browser, new_browser, new_relying_party):
    """Rules S1 and S2: an address is worth nothing elsewhere."""
    page = new_relying_party("tax").authorize(browser)
    stranger = new_browser()
    stranger.get("/login")
    page = stranger.get(page.url)
    assert page.status == 400
    assert "重新" in page.text
    assert "Cookie" in page.text, "a browser that keeps none would come here again and again"


def test_who_has_only_the_app_is_told_what_to_do_without_the_phone(browser, account_factory):
    person = account_factory(with_totp=True)
    browser.get("/login")
    page = browser.submit("login-submit", username=person.username, password=person.password)
    assert "手机丢了" in page.text


def test_form_of_another_site_is_refused(browser, account_factory):
    """ASVS-3.5.1, rule S8."""
    person = account_factory()
    browser.get("/login")
    page = browser.post("/login", {"username": person.username, "password": person.password})
    assert page.status == 403


def test_remembered_browser_goes_without_the_code(browser, account_factory, clock):
    person = account_factory(with_totp=True)
    browser.get("/login")
    browser.sign_in(person.username, person.password)
    browser.submit(code=person.code(clock), remember="1")
    browser.get("/logout")
    browser.submit("logout-confirm")
    browser.get("/login")
    assert browser.sign_in(person.username, person.password).path == "/account"


def test_staff_are_not_offered_to_be_remembered(browser, account_factory):
    person = account_factory(kind="staff")
    browser.get("/login")
    page = browser.sign_in(person.username, person.password)
    assert page.path == "/login/totp"
    assert not page.has("remember")
    assert 'name="remember"' not in page.source


def test_service_that_does_not_admit_staff_is_told_nothing(browser, new_relying_party, account_factory):
    """The issue's story: a staff account cannot enter a citizen site."""
    person = account_factory(kind="staff")
    new_relying_party("tax").authorize(browser)
    page = browser.sign_in(person.username, person.password)
    assert page.path == "/login/not-admitted"
    assert page.status == 403
    assert page.left_to == ""
    assert browser.cookie("idp_session") is None
    citizen = account_factory()
    browser.follow_link("其他账号")
    assert browser.page.path == "/login"
    page = browser.sign_in(citizen.username, citizen.password)
    assert page.path == "/consent"


def test_signed_in_staff_are_not_admitted_either(browser, new_relying_party, account_factory, clock):
    person = account_factory(kind="staff")
    browser.get("/login")
    browser.sign_in(person.username, person.password, person.code(clock))
    page = new_relying_party("tax").authorize(browser)
    assert page.path == "/login/not-admitted"


def test_service_that_asks_for_more_steps_up(browser, new_relying_party, account_factory, clock):
    """acr_values: only what is missing is asked, and the session id changes (ASVS-7.2.4)."""
    person = account_factory(with_totp=True)
    browser.get("/login")
    browser.sign_in(person.username, person.password)
    browser.submit(code=person.code(clock), remember="1")
    browser.get("/logout")
    browser.submit("logout-confirm")
    browser.get("/login")
    browser.sign_in(person.username, person.password)
    cookie = browser.cookie("idp_session")
    page = new_relying_party("tax").authorize(browser, acr_values="urn:idp:acr:aal2")
    assert page.path == "/login/totp"
    clock.advance(30)
    page = browser.submit(code=person.code(clock))
    assert page.path == "/consent"
    assert browser.cookie("idp_session") != cookie


def test_prompt_login_asks_for_everything_again(browser, new_relying_party, account_factory, clock):
    person = account_factory(with_totp=True)
    browser.get("/login")
    browser.sign_in(person.username, person.password, person.code(clock))
    page = new_relying_party("tax").authorize(browser, prompt="login")
    assert page.path == "/login"
    clock.advance(30)
    page = browser.sign_in(person.username, person.password)
    assert page.path == "/login/totp"
    assert browser.submit(code=person.code(clock)).path == "/consent"


def test_tabs_keep_their_own_interactions(browser, new_relying_party, account_factory):
    person = account_factory()
    tax, welfare = new_relying_party("tax"), new_relying_party("welfare")
    first = tax.authorize(browser).url
    welfare.authorize(browser)
    page = browser.sign_in(person.username, person.password)
    assert "welfare" in page.text
    page = browser.get(first)
    assert page.path == "/consent"
    assert "税务局网上办税" in page.text


def test_enterprise_account_chooses_for_whom_it_acts(browser, account_factory):
    from idp.accounts.organizations import NewMembership
    from tests.factories import numbers

    firms = tuple(
        NewMembership(uscc=numbers.uscc(), role="agent", name=name, name_en=name) for name in ("海州贸易", "临江物流")
    )
    person = account_factory(kind="enterprise", memberships=firms)
    browser.get("/login")
    page = browser.sign_in(person.username, person.password)
    assert page.path == "/login/organization"
    assert browser.submit("login-submit").status == 400
    chosen = next(one for one in browser.page.forms[0].controls if one.name == "organization")
    assert browser.submit("login-submit", organization=chosen.value).path == "/account"


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("value", ["\0", "x" * 5000, "\ud800"])
def test_hostile_fields_get_a_page(browser, field, value):
    browser.get("/login")
    values = {"username": "zhang", "password": "secret", field: value}
    try:
        page = browser.submit("login-submit", **values)
    except UnicodeEncodeError:
        return
    assert page.status in {400, 413}


def test_cookies_are_closed_to_scripts_and_other_sites(browser, account_factory):
    """ASVS-3.3.1 to 3.3.4."""
    person = account_factory()
    browser.get("/login")
    page = browser.submit("login-submit", follow=False, username=person.username, password=person.password)
    assert page.status == 303
    cookies = page.response.headers.getlist("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} >= {"idp_session", "idp_device"}
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie for cookie in cookies)
