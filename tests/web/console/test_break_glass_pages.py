"""The break-glass in the console: both keys turned by people, what it opens, how it ends (rule A2)."""

from datetime import timedelta
from uuid import UUID

import pytest

from idp.staff.powers import EMERGENCY, Permission, Power
from idp.web.console.navigation import SECTIONS
from idp.web.shared.guards import GUARD

PATH = "/console/break-glass"
FORBIDDEN = 403


@pytest.fixture
def custodians(at_console):
    return at_console(Power.CUSTODIAN), at_console(Power.CUSTODIAN)


@pytest.fixture
def asked(custodians):
    first, _second = custodians
    first.get(f"{PATH}/ask")
    assert first.submit(reason="All officers are out").path == PATH


@pytest.fixture
def opened(asked, services, custodians):  # noqa: ARG001 - a fixture cannot use another by mark
    glass = services.break_glass.current()
    custodians[1].get(f"{PATH}/{glass.id}/confirm")
    custodians[1].submit()
    assert services.break_glass.current().until is not None


@pytest.mark.usefixtures("asked")
def test_before_it_is_open_a_custodian_sees_the_overview_and_nothing_else(custodians):
    for section in SECTIONS:
        expected = section.permission in {Permission.SEE_OVERVIEW, Permission.SEE_BREAK_GLASS}
        assert custodians[0].get(section.path).status == (200 if expected else FORBIDDEN)


@pytest.mark.usefixtures("opened")
def test_open_it_shows_to_the_first_custodian_what_an_emergency_needs_and_to_the_second_nothing(custodians):
    allowed = EMERGENCY | {Permission.SEE_OVERVIEW, Permission.SEE_BREAK_GLASS}
    for section in SECTIONS:
        assert custodians[0].get(section.path).status == (200 if section.permission in allowed else FORBIDDEN)
    assert custodians[1].get("/console/sessions").status == FORBIDDEN


SPARED = {
    "lift_restriction",
    "merge_account",
    "replace_keys",
    "require_of_account",
    "resume_client",
    "waive_requirement",
}
"""Views whose permission the glass gives, but which let in again or put something before others."""


@pytest.mark.usefixtures("opened")
def test_every_other_view_refuses_it_and_records_that(custodians, console_app, services):
    given = {one.value for one in EMERGENCY | {Permission.SEE_OVERVIEW, Permission.SEE_BREAK_GLASS}}
    given |= {Permission.BREAK_GLASS.value, "public", "signed_in"}
    browser, account = custodians[0], services.break_glass.current().opener_account_id
    browser.get(PATH)
    token = dict(browser.page.form(fields=["csrf_token"]).successful(None))["csrf_token"]
    walked = set()
    for rule, values in _console_rules(console_app):
        url = console_app.url_map.bind("localhost").build(
            rule.endpoint, values, method=min(rule.methods - {"HEAD", "OPTIONS"})
        )
        _blueprint, _dot, name = rule.endpoint.partition(".")
        spared = {"replacing_keys": "replace_keys", "resuming_client": "resume_client"}.get(
            name, name.removeprefix("ask_")
        )
        if getattr(console_app.view_functions[rule.endpoint], GUARD) in given and spared not in SPARED:
            continue
        page = browser.post(url, {"csrf_token": token}) if "POST" in rule.methods else browser.get(url)
        latest = services.audit.of_account(account)[0]
        assert (page.status, latest.action) == (FORBIDDEN, "console.refused"), rule
        assert latest.id not in walked, rule
        walked.add(latest.id)
    assert len(walked) > 40


def _console_rules(console_app):
    examples = {"number": 1, "kind": "block", "name": "logo", "client_id": "tax"}
    for rule in console_app.url_map.iter_rules():
        if rule.endpoint.startswith("console."):
            yield rule, {name: examples.get(name, UUID(int=1)) for name in rule.arguments}


@pytest.mark.usefixtures("custodians", "opened")
def test_every_page_of_every_officer_says_that_it_is_open(at_console):
    for power in (Power.AUDIT, Power.SYSTEM, Power.SECURITY):
        assert "A break-glass is open." in at_console(power).get("/console").text


@pytest.mark.usefixtures("opened")
def test_an_officer_ends_it_with_one_click_and_the_session_with_it(custodians, at_console, services):
    officer = at_console(Power.AUDIT)
    officer.get(PATH)
    officer.submit(glass=str(services.break_glass.current().id))
    assert services.break_glass.current() is None
    assert custodians[0].get("/console/sessions").path == "/login"


@pytest.mark.usefixtures("opened")
def test_after_its_hour_the_next_request_is_refused_and_the_one_after_it_signed_out(custodians, clock):
    for _ in range(5):
        clock.advance(minutes=11)
        assert custodians[0].get("/console/sessions").status == 200
    clock.advance(minutes=5)
    assert custodians[0].get("/console/sessions").status == FORBIDDEN
    assert custodians[0].get("/console").path == "/login"


@pytest.mark.usefixtures("asked")
def test_asking_and_confirming_want_a_sign_in_of_the_last_five_minutes(custodians, services, clock):
    clock.advance(minutes=5, seconds=1)
    assert custodians[0].get(f"{PATH}/ask").path == "/login"
    assert custodians[1].get(f"{PATH}/{services.break_glass.current().id}/confirm").path == "/login"


def test_nothing_is_asked_for_without_a_reason(custodians, services):
    custodians[0].get(f"{PATH}/ask")
    assert "Write why" in custodians[0].submit(reason="").text
    assert services.break_glass.current() is None


@pytest.mark.usefixtures("opened")
def test_each_step_and_each_use_is_recorded_and_alarms_once(custodians, services):
    custodians[0].get("/console/sessions")
    custodians[0].get("/console/sessions")
    opener = services.break_glass.current().opener_account_id
    recorded = [
        one.action for holder in services.staff.holders() for one in services.audit.of_account(holder.account_id)
    ]
    assert recorded.count("break_glass.used") == 2
    assert recorded.count("break_glass.asked") == recorded.count("break_glass.opened") == 1
    alerts = [one.subject.split(" ", 1)[1] for one in services.alerting.alerts.latest(timedelta(hours=1))]
    assert sorted(alerts) == ["asked", "opened", "used sessions.see"]
    assert "break_glass.asked" in [one.action for one in services.audit.of_account(opener)]


class TestWithPasskeysOnly:
    @pytest.fixture
    def setting_changes(self):
        return {"IDP_CONSOLE_ORIGIN": "http://localhost:8004"}

    def test_a_custodian_without_a_passkey_stays_outside(self, at_console):
        assert at_console(Power.CUSTODIAN).get(PATH).path != PATH
