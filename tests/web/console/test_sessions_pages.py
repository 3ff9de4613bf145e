"""The sessions of everybody, in the console: found by filters in the address, ended with a reason."""

import pytest

from idp.factors.assurance import ACR_AAL1, ACR_AAL2, VerifiedFactor
from idp.sessions.rating import RiskSign
from idp.sessions.values import Browser
from idp.staff.powers import Power
from tests.interventions.conftest import live, setting_changes
from tests.interventions.conftest import sign_in as open_sessions

__all__ = ["live", "open_sessions", "setting_changes"]


def test_a_list_is_filtered_by_its_address_and_each_filter_is_taken_away_by_a_chip(at_console, open_sessions):
    open_sessions(1)
    open_sessions(1, network="198.51.100.0/24")
    browser = at_console()
    page = browser.get("/console/sessions", network="203.0.113.77")
    assert "203.0.113.0/24" in page.text
    assert "198.51.100.0/24" not in page.text
    assert "198.51.100.0/24" in browser.follow_link("203.0.113.0/24").text
    assert browser.follow_link("Sign-ins by hour and day").path == "/console/hunts"


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("network", "nonsense", "network"),
        ("account", "nobody-here", "account"),
        ("state", "x", None),
        ("age", "x", None),
        ("acr", "aal9", None),
        ("risk", "x", None),
        ("method", "x", None),
        ("device", "' OR 1=1 --", "device"),
    ],
)
def test_a_filter_that_makes_no_sense_is_said_and_lists_nothing(at_console, open_sessions, name, value, field):
    open_sessions(1)
    page = at_console().get("/console/sessions", **{name: value})
    assert page.status == 400
    assert "203.0.113.0/24" not in page.text
    assert field is None or page.has(f"{field}-problem")


def test_a_line_says_how_strong_and_how_risky_a_sign_in_was_and_leads_to_its_device(
    at_console, services, clock, entropy, account_factory
):
    me, person = at_console(), account_factory()
    device = services.devices.note(None, person.account_id, remember=False)
    factors = [VerifiedFactor("password", clock.now()), VerifiedFactor("totp", clock.now())]
    chrome = Browser("203.0.113.0/24", "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0.0.0", device_id=device.id)
    opened = services.sessions.open(
        person.account_id, factors, entropy.uuid7(), chrome, signs=RiskSign.AFTER_FAILURES | RiskSign.RECOVERY_CODE
    )
    page = me.get("/console/sessions", risk="after_failures", acr=ACR_AAL2)
    assert "Two factors (aal2)" in page.text
    assert "Recovery code Many wrong passwords" in " ".join(page.text.split())
    assert me.get("/console/sessions", risk="after_failures", acr=ACR_AAL1).source.count("203.0.113.0/24") == 0
    me.get("/console/sessions", risk="after_failures")
    found = me.follow_link("Windows")
    assert found.path == "/console/sessions"
    assert "Device: Windows" in " ".join(found.text.split()), "and not its number"
    one = me.get(f"/console/sessions/{opened.session_id}")
    assert "Two factors (aal2)" in one.text
    assert f"device={device.id}" in one.source


def test_pages_go_on(at_console, open_sessions):
    open_sessions(52)
    browser = at_console()
    first = browser.get("/console/sessions", network="203.0.113.0/24")
    assert first.source.count("203.0.113.0/24</td>") == 50
    assert browser.follow_link("Older").source.count("203.0.113.0/24</td>") == 2
    assert browser.follow_link("Newer").source.count("203.0.113.0/24</td>") == 50


def test_a_session_is_ended_with_a_reason_that_the_audit_keeps(at_console, open_sessions, services, live):
    (stolen,) = open_sessions(1)
    browser = at_console()
    browser.get(f"/console/sessions/{stolen}")
    assert browser.submit(reason="").status == 400
    browser.submit(reason="reported as stolen")
    assert stolen not in live()
    reasons = {record.action: record.reason for record in services.audit.export() if record.session_id == stolen}
    assert reasons["console.acted"] == "reported as stolen"


def test_many_are_counted_first_and_a_second_officer_is_waited_for(at_console, open_sessions, services, live):
    many = set(open_sessions(4))
    author, approver = at_console(), at_console()
    page = author.get("/console/sessions/end", network="203.0.113.0/24")
    assert "Sessions 4" in page.text
    asked = author.submit(reason="stolen numbers")
    assert asked.path.startswith("/console/requests/")
    approver.get(asked.path)
    approver.submit("approve")
    assert services.mass_endings.run() == 4
    assert not many & live()


def test_a_few_go_at_once_and_the_page_shows_how_far_it_has_come(at_console, open_sessions, services):
    open_sessions(2)
    browser = at_console()
    browser.get("/console/sessions/end", network="203.0.113.0/24")
    page = browser.submit(reason="stolen numbers")
    assert page.path.startswith("/console/sessions/endings/")
    assert "0 / 2" in page.text
    services.mass_endings.run()
    assert "2 / 2" in browser.get(page.path).text


@pytest.mark.parametrize("parameters", [{}, {"state": "live"}, {"state": "ended", "network": "203.0.113.0/24"}])
def test_a_filter_that_spares_nobody_or_nothing_live_is_refused(at_console, open_sessions, live, parameters):
    kept = set(open_sessions(2))
    browser = at_console()
    assert browser.get("/console/sessions/end", **parameters).status == 400
    assert kept <= live()


def test_an_account_of_a_filter_is_called_by_its_name(at_console, account_factory):
    """Whoever ends all sessions of somebody reads whose they are, not a number."""
    person, nobody = account_factory(), "00000000-0000-7000-8000-000000000000"
    browser = at_console()
    for path in ("/console/sessions", "/console/sessions/end", "/console/grants"):
        assert f"Account: {person.username}" in browser.get(path, account=str(person.account_id)).text
    assert f"Account: {nobody}" in browser.get("/console/sessions", account=nobody).text


def test_an_ending_of_nothing_says_so(at_console, account_factory):
    account = str(account_factory().account_id)
    browser = at_console()
    assert "nothing to end" in browser.get("/console/sessions/end", account=account).text
    assert "nothing to revoke" in browser.get("/console/grants/end", account=account, client="tax").text


def test_the_help_desk_looks_and_ends_nothing(at_console, open_sessions, live):
    (one,) = open_sessions(1)
    browser = at_console(Power.HELP_DESK)
    page = browser.get(f"/console/sessions/{one}")
    assert page.status == 200
    assert all(form.method != "post" for form in page.forms)
    assert browser.get("/console/sessions/end", network="203.0.113.0/24").status == 403
    assert one in live()


def test_an_address_is_shown_as_the_network_whose_sessions_are_found_and_ended(at_console):
    browser = at_console()
    for path in ("/console/sessions", "/console/sessions/end"):
        page = browser.get(path, network="203.0.113.7")
        assert "203.0.113.0/24" in page.text
    assert "10.0.0.0/8" in browser.get("/console/sessions", network="10.0.0.0/8").text
