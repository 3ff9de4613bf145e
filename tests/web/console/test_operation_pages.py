"""Deliveries and health in the console, for those who run the service."""

import re
from dataclasses import replace

import pytest

from idp.foundation.keyset import PAGE
from idp.foundation.outbox import MOST_ATTEMPTS, NewMessage
from idp.notices.values import MESSAGE_KIND as NOTICE
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


def give_up(services, clock, *lanes):
    """Leave a message to each of these receivers that was given up."""
    services.outbox.enqueue(*(NewMessage("backchannel_logout", lane, {"client_id": lane}) for lane in lanes))
    for _ in range(MOST_ATTEMPTS):
        clock.advance(hours=2)
        for lane in set(lanes):
            while message := services.outbox.claim(lane):
                services.outbox.settle(message, f"{lane} answered 500")


def test_what_was_given_up_is_reached_page_by_page_and_by_service(at_console, services, clock, registration_factory):
    registration_factory("tax")
    for _ in range(PAGE + 1):
        services.outbox.enqueue(NewMessage("backchannel_logout", "tax", {"client_id": "tax"}))
        last = replace(services.outbox.claim("tax"), attempts=MOST_ATTEMPTS)
        services.outbox.settle(last, "gone for good")
    give_up(services, clock, "welfare")
    browser = at_console()
    first = browser.get("/console/deliveries")
    assert first.source.count("gone for good") == PAGE - 1, "the latest is the other one's"
    assert "welfare answered 500" in first.text
    assert browser.follow_link("Older").source.count("gone for good") == 2
    assert browser.follow_link("Newer").source.count("gone for good") == PAGE - 1
    only = browser.get("/console/deliveries?client=tax")
    assert only.source.count("gone for good") == PAGE
    assert "welfare answered 500" not in only.text
    assert "client=tax" in only.source


def test_who_waits_is_listed_with_the_next_try_the_longest_first(at_console, services, clock):
    services.outbox.enqueue(*(NewMessage("backchannel_logout", "welfare", {"client_id": "welfare"}),) * 3)
    services.outbox.settle(services.outbox.claim("welfare"), "welfare answered 503")
    clock.advance(60)
    services.outbox.enqueue(NewMessage("backchannel_logout", "tax", {"client_id": "tax"}))
    tax, welfare = services.signals.ledger.queues(most=9, counted_to=2)[::-1]
    assert (welfare.lane, welfare.waiting, welfare.attempts) == ("welfare", 2, 1)
    assert (tax.lane, tax.waiting, tax.attempts, tax.last_error) == ("tax", 1, 0, None)
    assert re.search(
        r"welfare 3 .* 1 .*welfare answered 503 tax 1 .* none", at_console().get("/console/deliveries").text
    )


def test_messages_to_people_are_no_service_that_waits(at_console, services):
    services.outbox.enqueue(NewMessage(NOTICE, "mail:0123", {"notice": "x"}))
    assert "Nothing waits." in at_console().get("/console/deliveries").text


def test_health_says_what_is_missing(at_console):
    officer = at_console(Power.SYSTEM)
    page = officer.get("/console/health")
    assert "Degraded" in page.text
    assert re.search(r"Version \d+\.\d+", page.text)
    assert "no worker is running" in page.text
    assert "没有后台进程在运行，请启动：idp worker" in officer.get("/console/health?lang=zh").text
