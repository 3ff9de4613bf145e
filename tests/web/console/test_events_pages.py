"""The audit record in the console: found by filters, never lost to a view, copied by auditors only (rule A8)."""

import csv
import io
import json

import pytest

from idp.accounts.events import AccountLocked, AccountState
from idp.audit.searching import actions
from idp.staff.powers import Power


@pytest.fixture
def record(services, clock):
    """Record events about an account, each a second after the other."""

    def make(count=1, **values):
        for _ in range(count):
            services.audit.record(
                AccountLocked(before=AccountState(state="open"), after=AccountState(state="locked"), **values)
            )
            clock.advance(1)

    return make


def times_of(page, text):
    return page.source.count(f"<td>{text}</td>")


@pytest.mark.parametrize("name", ["actor", "account", "client", "action", "request"])
def test_each_filter_finds_its_events_and_no_others(at_console, record, account_factory, name):
    person, other = account_factory(), account_factory()
    record(actor=f"account:{person.account_id}", account_id=person.account_id, client_id="tax", reason="this one")
    record(actor="system", account_id=other.account_id, client_id="welfare", reason="that one")
    typed = {
        "actor": person.username,
        "account": str(person.account_id),
        "client": "tax",
        "action": "account.lock",
        "request": "f" * 32,
    }
    page = at_console(Power.AUDIT).get("/console/events", **{name: typed[name]})
    assert page.status == 200
    assert times_of(page, "this one") == (0 if name == "request" else 1)
    assert times_of(page, "that one") == (1 if name == "action" else 0)


def test_a_span_of_time_chooses(at_console, record, clock):
    record(reason="before")
    clock.advance(hours=1)
    since = clock.now()
    record(reason="within")
    until = clock.now()
    record(reason="after")
    page = at_console().get("/console/events", since=since.isoformat(), until=until.isoformat())
    assert [times_of(page, word) for word in ("before", "within", "after")] == [0, 1, 0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("actor", "nobody-here"),
        ("account", "13800000000"),
        ("action", "' OR 1=1 --"),
        ("hide", "x"),
        ("since", "x"),
        ("until", "12"),
    ],
)
def test_a_filter_that_makes_no_sense_is_said_and_lists_nothing(at_console, record, name, value):
    record(reason="listed")
    page = at_console().get("/console/events", **{name: value})
    assert page.status == 400
    assert times_of(page, "listed") == 0


@pytest.mark.parametrize("since", ["1970-01-01", "9000-12-31T23:59:59"])
def test_times_far_away_are_times_too(at_console, since):
    assert at_console().get("/console/events", since=since).status == 200


def test_what_happened_most_is_told_and_leads_to_its_events(at_console, record, services):
    record(7)
    services.sealer.run()
    record(2)
    browser = at_console()
    page = browser.get("/console/events")
    assert " account.lock 9" in page.text
    only = browser.get("/console/events?action=account.lock")
    assert "What happened most" not in only.text, "nothing is counted where a filter is active"


def test_pages_go_on(at_console, record):
    record(60, reason="many")
    browser = at_console()
    assert times_of(browser.get("/console/events", action="account.lock"), "many") == 50
    assert times_of(browser.follow_link("Older"), "many") == 10
    assert times_of(browser.follow_link("Newer"), "many") == 50


def test_hiding_takes_from_the_view_and_not_from_the_copy(at_console, record):
    record(reason="routine")
    browser = at_console(Power.AUDIT)
    assert times_of(browser.get("/console/events", hide="account.lock"), "routine") == 0
    browser.get("/console/events/export", hide="account.lock")
    assert "routine" in browser.submit(form="jsonl", reason="yearly audit").source


def test_an_event_is_found_by_its_id_and_by_its_request(at_console, record, services):
    record(reason="look for me")
    browser = at_console(Power.AUDIT)
    browser.get("/console")
    opened = next(one for one in services.audit.export() if one.action == "session.opened")
    assert browser.submit(q=str(opened.id)).path == f"/console/events/{opened.id}"
    browser.get("/console")
    page = browser.submit(q=opened.request_id)
    assert page.path == "/console/events"
    assert "session.opened" in page.text


def test_a_copy_is_csv_without_formulas_and_is_itself_on_record(at_console, record, services):
    for dangerous in ("=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"):
        record(actor="command:root", reason=dangerous)
    browser = at_console(Power.AUDIT)
    browser.get("/console/events/export", action="account.lock")
    assert browser.submit(form="csv", reason="").status == 400
    page = browser.submit(form="csv", reason="yearly audit")
    assert page.response.headers["Content-Disposition"] == 'attachment; filename="events.csv"'
    rows = list(csv.DictReader(io.StringIO(page.source, newline="")))
    assert {row["reason"][0] for row in rows} == {"'"}
    assert len(rows) == 11
    (event,) = [one for one in services.audit.export() if one.action == "audit.exported"]
    assert event.reason == "yearly audit"
    assert event.detail == {"form": "csv", "chosen": {"action": "account.lock"}}


def test_json_lines_hold_everything_of_an_event(at_console, record):
    record(reason="whole")
    browser = at_console(Power.AUDIT)
    browser.get("/console/events/export", action="account.lock")
    (line,) = browser.submit(form="jsonl", reason="yearly audit").source.splitlines()
    assert json.loads(line)["reason"] == "whole"


@pytest.mark.parametrize("power", [Power.SECURITY, Power.HELP_DESK, Power.SYSTEM])
def test_nobody_but_an_auditor_takes_a_copy(at_console, power):
    assert at_console(power).get("/console/events/export").status == 403


def test_every_action_can_be_chosen():
    assert {"account.lock", "session.opened", "console.acted"} <= set(actions())


def test_an_event_shows_what_it_changed_side_by_side(at_console, services, account_factory):
    account_id = account_factory(kind="staff").account_id
    services.accounts.set_contacts(account_id, email=None, phone="+8613912345678", actor="command:x")
    services.accounts.set_contacts(account_id, email=None, phone="+8613987654321", actor="command:x")
    event = services.audit.of_account(account_id)[0]
    page = at_console(Power.AUDIT).get(f"/console/events/{event.id}")
    for shown in ("+86139****5678", "+86139****4321"):
        assert shown in page.text
    for hidden in ("13912345678", "13987654321"):
        assert hidden not in page.source


def test_events_are_found_by_network_and_a_bad_one_is_refused_in_words(at_console):
    browser = at_console(Power.AUDIT)
    assert "session.opened" in rows_of(browser.get("/console/events", network="127.0.0.9"))
    assert "session.opened" not in rows_of(browser.get("/console/events", network="192.0.2.0/24"))
    page = browser.get("/console/events", network="10.0.0.0/8")
    assert page.status == 400
    assert "198.51.100.0/24" in page.text


def rows_of(page):
    return page.source.partition("<tbody>")[2]
