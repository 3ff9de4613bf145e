"""Deliveries and health in the console, for those who run the service."""

import pytest

from idp.foundation.outbox import MOST_ATTEMPTS, NewMessage
from idp.staff.powers import Power


@pytest.fixture
def dead_letter(services, clock):
    """Leave a message to the tax site that was given up."""
    services.outbox.enqueue(NewMessage("backchannel_logout", "tax", {"client_id": "tax"}))
    for _ in range(MOST_ATTEMPTS):
        clock.advance(hours=2)
        services.outbox.settle(services.outbox.claim("tax"), "the site answered 500")


@pytest.mark.usefixtures("dead_letter")
def test_what_was_given_up_is_tried_again_with_a_reason(at_console, services):
    browser = at_console(Power.SYSTEM)
    assert "the site answered 500" in browser.get("/console/deliveries").text
    browser.follow_link("Try again")
    assert browser.submit(reason="").status == 400
    page = browser.submit(reason="the site is back")
    assert page.path == "/console/deliveries"
    assert services.signals.ledger.counts() == (1, 0)
    acted = next(one for one in services.audit.export() if one.action == "console.acted")
    assert (acted.client_id, acted.reason) == ("tax", "the site is back")


@pytest.mark.usefixtures("dead_letter")
def test_a_security_officer_sees_deliveries_and_retries_none(at_console):
    browser = at_console()
    assert "Try again" not in browser.get("/console/deliveries").text
    assert browser.get("/console/deliveries/retry", client="tax").status == 403


@pytest.mark.usefixtures("dead_letter")
@pytest.mark.parametrize("client", ["", "nobody", "' OR 1=1 --"])
def test_nothing_is_retried_for_a_service_without_dead_letters(at_console, client):
    assert at_console(Power.SYSTEM).get("/console/deliveries/retry", client=client).status == 404


def test_health_says_what_is_missing(at_console):
    officer = at_console(Power.SYSTEM)
    page = officer.get("/console/health")
    assert "Degraded" in page.text
    assert "no worker is running" in page.text
    assert "没有后台进程在运行，请启动：idp worker" in officer.get("/console/health?lang=zh").text
