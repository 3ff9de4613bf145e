"""The reason of a dangerous act is read by others later, and approved by: it can be seen, and says what it shows."""

import pytest

from idp.staff.powers import Power
from tests.web.console.conftest import CONSOLE

UNSEEN = ["\u200b" * 8, "\u2060" * 8, "\u00ad" * 8, "a\u3000\u3000\u3000\u3000b"]
TURNED = {
    "approved \u202elanimirc a rof": "approved lanimirc a rof",
    "\u2067case 7\u2069": "case 7",
    "case \u200f7 of today": "case 7 of today",
}


@pytest.mark.parametrize("text", UNSEEN)
def test_a_reason_that_cannot_be_seen_is_none(at_console, registration_factory, account_factory, services, text):
    registration_factory("tax")
    browser = at_console()
    browser.get("/console/clients/tax/stop")
    page = browser.submit(reason=text)
    assert (page.status, page.has("reason-problem")) == (400, True)
    assert services.registry.show("tax").state == "active"
    browser.get(f"/console/accounts/{account_factory().account_id}/note")
    page = browser.submit(note=text)
    assert (page.status, page.has("note-problem")) == (400, True)


@pytest.mark.parametrize(("text", "kept"), TURNED.items())
def test_what_turns_the_order_of_words_round_is_left_out_of_a_reason(
    at_console, registration_factory, services, text, kept
):
    registration_factory("tax")
    browser = at_console()
    browser.get("/console/clients/tax/stop")
    browser.submit(reason=text)
    (stopped,) = (one for one in services.audit.export() if one.action == "client_suspended")
    assert stopped.reason == kept


def test_a_reason_in_any_language_is_one(at_console, registration_factory, services):
    registration_factory("tax")
    browser = at_console()
    browser.get("/console/clients/tax/stop")
    assert browser.submit(reason="应急演练").path == "/console/clients/tax"
    assert services.registry.show("tax").state == "suspended"


@pytest.mark.parametrize("year", ["0001", "1969", "9001", "9999"])
def test_a_time_that_nothing_can_be_reckoned_from_is_said_at_its_field(at_console, year):
    """The record of every year there is would be asked for, and the end of time be added to."""
    auditor, system = at_console(Power.AUDIT), at_console(Power.SYSTEM)
    auditor.get(f"{CONSOLE}/console/integrity/export")
    page = auditor.submit(since=f"{year}-01-01T00:00", until=f"{year}-12-31T23:59", reason="for the court")
    assert (page.status, page.has("since-problem")) == (400, True)
    system.get(f"{CONSOLE}/console/banners/new")
    words = {"text_zh": "维护", "text_en": "Maintenance.", "about": "totp", "reason": "maintenance"}
    page = system.submit(**words, starts=f"{year}-01-01T00:00", ends=f"{year}-12-31T23:59")
    assert (page.status, page.has("starts-problem")) == (400, True)
    assert auditor.get(f"/console/events?since={year}-01-01").status == 400
