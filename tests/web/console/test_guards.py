"""Who may enter the console and what its views ask for (rules A1, A2, O4; ASVS 8.2.1)."""

import pytest

from idp.staff.powers import Permission, Power, may
from idp.web.console.navigation import SECTIONS
from idp.web.shared.guards import GUARD
from tests.web.console.conftest import CONSOLE

GUARDS = {"public", "signed_in", *(permission.value for permission in Permission)}


def test_every_view_declares_its_guard(console_app):
    views = console_app.view_functions
    assert {name for name, view in views.items() if getattr(view, GUARD, None) not in GUARDS} == set()
    unguarded = {name for name, view in views.items() if name.startswith("console.") and view.__dict__[GUARD] in GUARDS}
    assert {name for name in unguarded if views[name].__dict__[GUARD] == "public"} == {"console.start"}


def test_every_section_of_the_menu_asks_for_the_permission_that_shows_it(console_app):
    views = {
        rule.rule: console_app.view_functions[rule.endpoint]
        for rule in console_app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments
    }
    for section in SECTIONS:
        assert getattr(views[section.path], GUARD) == section.permission.value


@pytest.mark.parametrize("power", list(Power))
def test_an_officer_opens_exactly_the_sections_of_their_power(at_console, power):
    browser = at_console(power, agency="tax-bureau" if power is Power.DELEGATE else None)
    for section in SECTIONS:
        assert browser.get(section.path).status == (200 if may(power, section.permission) else 403)


def test_staff_without_a_power_and_citizens_stay_outside(sign_in, new_console_browser, account_factory, services):
    browser = sign_in(account_factory(kind="staff", with_totp=True))
    assert browser.get("/console").status == 403
    assert services.audit.of_account(services.sessions.list(limit=1)[0].account_id)[0].action == "console.refused"
    citizen, browser = account_factory(), new_console_browser()
    browser.get("/console")
    assert browser.sign_in(citizen.username, citizen.password).path == "/login/not-admitted"


def test_a_session_of_the_provider_opens_nothing_in_the_console_nor_the_other_way(
    new_officer, sign_in, browser, new_console_browser, clock
):
    person = new_officer()
    browser.get("/account")
    browser.sign_in(person.username, person.password, person.code(clock))
    console = new_console_browser()
    console.set_cookie("idp_console_session", browser.cookie("idp_session"))
    assert console.get("/console").path == "/login"
    clock.advance(seconds=30)
    officer = sign_in(person)
    browser.set_cookie("idp_session", officer.cookie("idp_console_session"))
    assert browser.get("/account").path == "/login"


def test_the_console_serves_no_machine_endpoint_and_the_provider_no_console(console_app, client, issuer):
    there = console_app.test_client()
    for path in ("/token", "/userinfo", "/.well-known/openid-configuration", "/jwks.json", "/authorize"):
        assert there.get(path, base_url=CONSOLE).status_code == 404
    assert client.get("/console", base_url=issuer).status_code == 404


def test_a_power_taken_away_is_gone_at_the_next_request(at_console, services):
    browser = at_console()
    (holder,) = services.staff.holders()
    services.staff.end(holder.person_id, actor="system", reason="left")
    assert browser.get("/console").status == 403


def test_dangerous_pages_want_a_sign_in_of_the_last_five_minutes(at_console, clock):
    browser = at_console()
    assert browser.get("/console/staff/new").path == "/console/staff/new"
    clock.advance(minutes=5, seconds=1)
    assert browser.get("/console/staff").path == "/console/staff"
    assert browser.get("/console/staff/new").path == "/login"


def test_a_session_of_staff_idle_for_a_quarter_of_an_hour_is_over(at_console, clock):
    browser = at_console()
    clock.advance(minutes=15, seconds=1)
    assert browser.get("/console").path == "/login"


class TestWithPasskeysOnly:
    @pytest.fixture
    def setting_changes(self):
        return {"IDP_CONSOLE_ORIGIN": CONSOLE}

    def test_an_officer_without_a_passkey_stays_outside_and_the_help_desk_does_not(self, at_console):
        assert at_console(Power.SECURITY).get("/console").path != "/console"
        assert at_console(Power.HELP_DESK).get("/console").path == "/console"
