"""The messages to people in the console: filters, pages, and one given up that is tried again."""

import pytest

from idp.foundation.masked import Masked
from idp.foundation.outbox import MOST_ATTEMPTS
from idp.notices.values import DELIVERIES_GIVEN_UP, Letter, Recipient
from idp.staff.powers import Power


@pytest.fixture
def setting_changes(setting_changes, tmp_path):
    return setting_changes | {"IDP_SMTP_URL": f"file://{tmp_path}/letters"}


@pytest.fixture
def write(services):
    """Write a notice to an address."""

    def one(address="zhang.san@example.gov.cn"):
        letter = Letter(Recipient(Masked(address), "en"), {"receiver": "tax", "count": 1})
        services.notices.send(DELIVERIES_GIVEN_UP, [letter], client_id="tax")
        return services.outbox.waiting_lanes()[-1]

    return one


@pytest.fixture
def given_up(write, services, clock):
    """A notice that was given up."""
    lane = write("full@example.gov.cn")
    for _ in range(MOST_ATTEMPTS):
        clock.advance(hours=2)
        services.outbox.settle(services.outbox.claim(lane), "mail.example:587 refused the recipient (550)")


def test_the_list_masks_addresses_and_says_how_it_went(at_console, write, services, clock):
    lane = write()
    clock.advance(seconds=4)
    message = services.outbox.claim(lane)
    services.outbox.settle(message, services.notices.attempt(message).error)
    page = at_console(Power.SYSTEM).get("/console/messages")
    assert "z***@example.gov.cn" in page.text
    assert "zhang" not in page.source
    assert "Deliveries were given up" in page.text
    assert "4.0 s" in page.text
    assert "Handed over" in page.text


@pytest.mark.usefixtures("given_up")
def test_filters_stand_in_the_address_and_choose(at_console, write):
    write("other@example.gov.cn")
    browser = at_console(Power.SYSTEM)
    page = browser.get("/console/messages", state="dead", channel="email")
    assert ("f***@example.gov.cn" in page.text, "o***@example.gov.cn" in page.text) == (True, False)
    assert "No message matches" in browser.get("/console/messages", state="delivered").text


@pytest.mark.parametrize("name", ["state", "channel", "template"])
@pytest.mark.parametrize("value", ["x", "' OR 1=1 --", "dead' --", "%"])
def test_a_value_that_is_not_offered_is_refused(at_console, name, value):
    page = at_console(Power.SYSTEM).get("/console/messages", **{name: value})
    assert page.status == 400
    assert "Choose one of the values offered." in page.text


def test_pages_go_back_and_forth(at_console, write):
    for number in range(53):
        write(f"{number % 10}{number}@example.gov.cn")
    browser = at_console(Power.SYSTEM)
    first = browser.get("/console/messages")
    assert first.text.count("@example.gov.cn") == 50 + first.text.count("Try again")
    older = browser.follow_link("Older")
    assert older.text.count("***@example.gov.cn") == 3
    assert browser.follow_link("Newer").text.count("***@example.gov.cn") == 50


@pytest.mark.usefixtures("given_up")
def test_one_given_up_is_tried_again_with_a_reason(at_console, services):
    browser = at_console(Power.SYSTEM)
    assert "refused the recipient (550)" in browser.get("/console/messages", state="dead").text
    asked = browser.follow_link("Try again")
    assert "f***@example.gov.cn" in asked.text
    assert browser.submit(reason="").status == 400
    assert browser.submit(reason="the mailbox was emptied").path == "/console/messages"
    assert services.notices.counts() == (1, 0)
    acted = next(one for one in services.audit.export() if one.action == "console.acted")
    assert (acted.reason, acted.detail["what"].split()[0]) == ("the mailbox was emptied", "messages.retry")
    assert browser.get(asked.path).status == 404, "it is not given up any more"


@pytest.mark.usefixtures("given_up")
def test_who_may_only_see_retries_nothing(at_console, services):
    (line,) = services.notices.page(_any(), before=None, after=None, size=9)
    browser = at_console(Power.SECURITY)
    assert "Try again" not in browser.get("/console/messages").text
    assert browser.get(f"/console/messages/{line.id}/retry").status == 403


def test_a_message_that_does_not_exist_cannot_be_retried(at_console):
    path = "/console/messages/018f0000-0000-7000-8000-000000000001/retry"
    assert at_console(Power.SYSTEM).get(path).status == 404


@pytest.mark.usefixtures("given_up")
def test_the_overview_has_it_among_the_tasks(at_console):
    page = at_console(Power.SYSTEM).get("/console")
    assert "Messages to people given up 1" in " ".join(page.text.split())


class TestWithoutAMailServer:
    @pytest.fixture
    def setting_changes(self):
        return {"IDP_CONSOLE_ORIGIN": "http://localhost:8004", "IDP_OFFICER_ACR": "urn:idp:acr:aal2"}

    def test_the_page_says_that_nothing_is_sent(self, at_console):
        assert "Set IDP_SMTP_URL" in at_console(Power.SYSTEM).get("/console/messages").text


def _any():
    from idp.notices.values import MessageFilter

    return MessageFilter()
