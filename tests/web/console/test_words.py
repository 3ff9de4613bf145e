"""What officers read: words in their language, names instead of numbers, and no more names than their power gives."""

import pytest

from idp.accounts.events import AccountLocked, AccountState
from idp.audit.searching import actions
from idp.foundation.translation import Translator
from idp.staff.powers import Permission, Power
from idp.web.console.event_words import EVENT_WORDS
from idp.web.console.words import PERMISSION_WORDS


@pytest.mark.unit
def test_every_kind_of_event_has_a_word_in_both_languages():
    """Add the new event to idp/web/console/event_words.py, and its Chinese to the catalogue."""
    assert {action for action in actions() if not action.startswith("test.")} - set(EVENT_WORDS) == set()
    translator = Translator()
    assert [word for word in EVENT_WORDS.values() if translator.lookup("zh-Hans", word) == word] == []


@pytest.mark.unit
def test_every_permission_has_a_word():
    """Add the new permission to idp/web/console/words.py."""
    assert set(PERMISSION_WORDS) == set(Permission)


@pytest.mark.only_on("sqlite")
class TestNames:
    def test_a_security_officer_reads_names(self, at_console, services, account_factory):
        person = account_factory()
        services.audit.record(locked(actor="command:root", account_id=person.account_id))
        page = at_console(Power.SECURITY).get("/console/events", action="account.lock")
        assert person.username in page.text
        assert "Command line (root)" in page.text

    def test_an_auditor_reads_who_acted_but_not_which_citizen_it_was_about(
        self, at_console, new_officer, services, account_factory
    ):
        person, colleague = account_factory(), new_officer(Power.SECURITY)
        services.audit.record(locked(actor=f"account:{colleague.account_id}", account_id=person.account_id))
        browser = at_console(Power.AUDIT)
        page = browser.get("/console/events", action="account.lock")
        assert colleague.username in page.text
        assert person.username not in page.text
        assert f"…{str(person.account_id)[-8:]}" in page.text
        event = services.audit.of_account(person.account_id)[0]
        assert str(person.account_id) in browser.get(f"/console/events/{event.id}").text

    def test_what_an_event_says_of_itself_is_in_words(self, at_console, new_officer, services):
        new_officer(Power.AUDIT)
        browser = at_console(Power.SECURITY)
        page = browser.get("/console/events", action="session.opened")
        event = next(record for record in services.audit.export() if record.action == "session.opened")
        assert page.status == 200
        page = browser.get(f"/console/events/{event.id}")
        assert "[&#39;" not in page.source
        assert "True" not in page.text

    def test_a_reason_is_a_word_and_an_empty_one_is_none(self, at_console, services, account_factory):
        person = account_factory()
        services.audit.record(locked(actor="system", account_id=person.account_id, reason="stopped"))
        services.audit.record(locked(actor="system", account_id=person.account_id))
        page = at_console(Power.AUDIT).get("/console/events", action="account.lock")
        assert "too many failures" in page.text
        assert "<td></td>" not in page.source

    def test_a_session_leads_to_its_account_for_those_who_may_see_it(self, at_console):
        browser = at_console(Power.SECURITY)
        assert '<a href="/console/accounts/' in browser.get("/console/sessions").source


def locked(**values):
    return AccountLocked(before=AccountState(state="open"), after=AccountState(state="locked"), **values)
