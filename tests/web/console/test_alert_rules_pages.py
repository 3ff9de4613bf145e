"""Alert rules on the hunts page: made, paused and removed by security officers, with a reason."""

from datetime import timedelta

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.sessions.values import Browser
from idp.staff.powers import Power

NEW = "/console/hunts/rules/new"


@pytest.fixture
def rule(services, officer):
    """A rule that alerts from three accounts of one network on."""
    return services.alerting.rules.add("crowded_network", timedelta(hours=1), 3, officer=officer(), reason="the usual")


def test_a_rule_is_made_paused_resumed_and_removed(at_console, services):
    browser = at_console()
    assert "There is no rule yet" in browser.get("/console/hunts").text
    browser.follow_link("New alert rule")
    page = browser.submit(hunt="refused_sign_ins", window="6h", threshold="20", reason="stuffing in the news")
    assert page.path == "/console/hunts"
    assert "In force" in page.text.split("Alert rules")[-1]
    browser.follow_link("Pause Sign-ins refused")
    assert browser.submit(reason="").status == 400
    assert "Paused" in browser.submit(reason="maintenance").text
    browser.follow_link("Resume Sign-ins refused")
    browser.submit(reason="over")
    browser.follow_link("Remove Sign-ins refused")
    assert "There is no rule yet" in browser.submit(reason="no use").text
    done = [(one.action, one.reason) for one in services.audit.export() if one.action.startswith("alert.rule_")]
    assert done == [
        ("alert.rule_made", "stuffing in the news"),
        ("alert.rule_paused", "maintenance"),
        ("alert.rule_resumed", "over"),
        ("alert.rule_removed", "no use"),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hunt": "everything"}, "Choose one of the values offered."),
        ({"window": "1y"}, "Choose one of the values offered."),
        ({"threshold": "0"}, "Write a number from 1 to 1,000,000."),
        ({"threshold": "-1"}, "Write a number from 1 to 1,000,000."),
        ({"threshold": "٣"}, "Write a number from 1 to 1,000,000."),
        ({"threshold": "9" * 100}, "Write a number from 1 to 1,000,000."),
        ({"reason": ""}, "Write why"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_and_what_was_typed_stays(at_console, services, changes, words):
    browser = at_console()
    browser.get(NEW)
    usual = {"hunt": "refused_sign_ins", "window": "6h", "threshold": "20", "reason": "because"}
    page = browser.submit(**(usual | changes))
    assert (page.status, words in page.text) == (400, True)
    assert services.alerting.rules.list() == []


@pytest.mark.parametrize("power", [Power.AUDIT, Power.SYSTEM, Power.HELP_DESK])
def test_only_security_officers_change_rules(at_console, rule, power):
    browser = at_console(power)
    for path in (NEW, f"/console/hunts/rules/{rule}/switch", f"/console/hunts/rules/{rule}/remove"):
        assert browser.get(path).status == 403
    if power is Power.AUDIT:
        page = browser.get("/console/hunts")
        assert "One network, many accounts" in page.text.split("Alert rules")[-1]
        assert "New alert rule" not in page.text


@pytest.mark.parametrize("what", ["switch", "remove"])
def test_changing_rules_wants_a_sign_in_of_the_last_five_minutes(at_console, rule, clock, what):
    browser = at_console()
    clock.advance(minutes=5, seconds=1)
    assert browser.get(f"/console/hunts/rules/{rule}/{what}").path == "/login"
    assert browser.get(NEW).path == "/login"


def test_a_rule_that_is_gone_is_not_found(at_console, services, rule, officer):
    browser = at_console()
    browser.get(f"/console/hunts/rules/{rule}/remove")
    services.alerting.rules.remove(rule, officer=officer(), reason="quicker")
    assert browser.submit(reason="slower").status == 404
    assert browser.get(f"/console/hunts/rules/{rule}/switch").status == 404


def test_what_a_rule_found_stands_on_the_page_and_among_the_tasks(
    at_console, services, rule, account_factory, clock, entropy
):
    assert rule
    for _ in range(3):
        proved = [VerifiedFactor("password", clock.now())]
        services.sessions.open(account_factory().account_id, proved, entropy.uuid7(), Browser("203.0.113.0/24"))
    assert services.alerting.watch.evaluate_rules() == 1
    browser = at_console()
    assert "Alerts of the last 24 hours 1" in " ".join(browser.get("/console").text.split())
    alerts = browser.get("/console/hunts").text.split("Alerts of the last 7 days")[1].split("Alert rules")[0]
    assert "203.0.113.0/24" in alerts
    assert "One network, many accounts" in alerts


def test_a_delegate_counts_the_expiring_secrets_of_their_agency_only(at_console, services, registration_factory):
    registration_factory("tax")
    services.registry.rotate_secret("tax", actor="system")
    agency = services.registry.show("tax").agency
    words = "Services with a secret, key or certificate that ends in 30 days"
    mine = at_console(Power.DELEGATE, agency=agency).get("/console")
    other = at_console(Power.DELEGATE, agency="another-bureau").get("/console")
    assert f"{words} 1" in " ".join(mine.text.split())
    assert f"{words} 0" in " ".join(other.text.split())
