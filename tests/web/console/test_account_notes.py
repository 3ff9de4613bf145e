"""Notes of officers about an account: for officers, on record, never for the person."""

import pytest

from idp.staff.powers import Power

WORDS = "case 2026-17: the counter called back"


@pytest.fixture
def person(account_factory):
    return account_factory()


@pytest.mark.parametrize("power", [Power.SECURITY, Power.HELP_DESK])
def test_a_note_is_written_once_and_read_by_all_who_see_accounts(at_console, person, services, power):
    browser = at_console(power)
    browser.get(f"/console/accounts/{person.account_id}/note")
    refused = browser.submit(note="ok")
    assert refused.status == 400
    assert refused.has("note-problem")
    page = browser.submit(note=WORDS)
    assert page.path == f"/console/accounts/{person.account_id}"
    assert WORDS in page.text
    assert WORDS in at_console(Power.HELP_DESK).get(page.path).text
    (event,) = [one for one in services.audit.of_account(person.account_id) if one.action == "account.noted"]
    assert "****" in event.detail["after"]["text"]


def test_what_was_noted_of_a_person_is_erased_with_the_rest(at_console, person, services):
    """Rule A6: it is in no leaf, and auditors read a mask."""
    browser = at_console()
    browser.get(f"/console/accounts/{person.account_id}/note")
    browser.submit(note=WORDS)
    assert WORDS not in at_console(Power.AUDIT).get("/console/events", action="account.noted").source
    assert WORDS not in str([*services.audit.export()])
    services.erasure.erase(person.account_id, actor="command:root", reason="asked for by the person")
    page = browser.get(f"/console/accounts/{person.account_id}")
    assert WORDS not in page.source
    assert "It was erased." in page.text


def test_the_person_never_reads_it(at_console, person, browser):
    officer = at_console()
    officer.get(f"/console/accounts/{person.account_id}/note")
    officer.submit(note=WORDS)
    browser.get("/account/activity")
    browser.sign_in(person.username, person.password)
    page = browser.get("/account/activity")
    assert page.status == 200
    assert "case 2026-17" not in page.source


def test_who_sees_no_accounts_writes_none(at_console, person):
    assert at_console(Power.AUDIT).get(f"/console/accounts/{person.account_id}/note").status == 403
    assert at_console().get("/console/accounts/0197f000-0000-7000-8000-000000000000/note").status == 404
