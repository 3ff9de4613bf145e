"""Alert rules: who changes them, what they alert about, and that they do it once (console.md, Hunts)."""

from datetime import timedelta

import pytest

from idp.factors.assurance import VerifiedFactor
from idp.foundation.errors import UserError
from idp.interventions.alerts.hunting import WATCHED
from idp.interventions.alerts.rules import MOST_RULES
from idp.sessions.values import Browser
from tests.support.racing import together

HOUR = timedelta(hours=1)


@pytest.fixture
def rules(services):
    return services.alerting.rules


@pytest.fixture
def add(rules, officer):
    """Make a rule; return its id."""

    def make(hunt="crowded_network", window=HOUR, threshold=3):
        return rules.add(hunt, window, threshold, officer=officer(), reason="test")

    return make


@pytest.fixture
def crowd(services, clock, entropy, account_factory):
    """Let so many accounts sign in from one network."""

    def come(count, network="203.0.113.0/24"):
        for _ in range(count):
            proved = [VerifiedFactor("password", clock.now())]
            services.sessions.open(account_factory().account_id, proved, entropy.uuid7(), Browser(network))

    return come


def recorded(services, action):
    return [one for one in services.audit.export() if one.action == action]


def test_a_rule_alerts_once_about_a_subject_until_its_window_is_over(services, add, crowd, letters, mailbox, clock):
    mailbox("x")
    add()
    crowd(2)
    assert services.alerting.watch.evaluate_rules() == 0
    crowd(1)
    assert [services.alerting.watch.evaluate_rules() for _ in range(3)] == [1, 0, 0]
    crowd(3, "198.51.100.0/24")
    assert services.alerting.watch.evaluate_rules() == 1, "another subject"
    clock.advance(minutes=61)
    crowd(3)
    assert [services.alerting.watch.evaluate_rules() for _ in range(2)] == [1, 0]
    assert letters() == [("hunt_alert", "x***@staff.example.gov.cn", None)] * 3
    assert [one.detail["notices"] for one in recorded(services, "alert.raised")] == [1, 1, 1]


def test_many_workers_alert_once(services, add, crowd, letters, mailbox):
    mailbox("x")
    add()
    crowd(3)
    assert sum(together([services.alerting.watch.evaluate_rules] * 6)) == 1
    assert len(letters()) == 1


def test_a_letter_names_neither_network_nor_account(services, add, crowd, attempts, mailbox):
    mailbox("x")
    add()
    crowd(3)
    services.alerting.watch.evaluate_rules()
    (text,) = attempts()
    assert "203.0.113" not in text
    assert "http://localhost:8004/console/hunts" in text


def test_refused_sign_ins_and_recoveries_are_watched(services, add, new_browser, account_factory, clock, entropy):
    person = account_factory(with_recovery_codes=True)
    add("refused_sign_ins", threshold=2)
    add("factor_after_recovery", threshold=1)
    for _ in range(2):
        browser = new_browser(language="en")
        browser.get("/account")
        browser.sign_in(person.username, "wrong password")
    assert services.alerting.watch.evaluate_rules() == 1
    clock.advance(minutes=10)
    proved = [VerifiedFactor("recovery_code", clock.now())]
    services.sessions.open(person.account_id, proved, entropy.uuid7(), Browser("203.0.113.0/24"))
    clock.advance(minutes=1)
    services.factors.add_totp(person.account_id, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    assert services.alerting.watch.evaluate_rules() == 1
    assert recorded(services, "alert.raised")[-1].account_id == person.account_id


def test_impossible_travel_is_watched(services, add, account_factory, clock, entropy):
    table = (
        "network,country,region,latitude,longitude,operator,asn\n",
        "203.0.113.0/24,CN,Hubei,30.6,114.3,,\n",
        "198.51.100.0/24,PT,Lisbon,38.7,-9.1,,\n",
    )
    services.networks.load(iter(table), "table.csv", on_bad_line=print)
    add("impossible_travel", threshold=1)
    person = account_factory()
    for network in ("203.0.113.0/24", "198.51.100.0/24"):
        proved = [VerifiedFactor("password", clock.now())]
        services.sessions.open(person.account_id, proved, entropy.uuid7(), Browser(network))
        clock.advance(minutes=20)
    assert services.alerting.watch.evaluate_rules() == 0, "the worker has not judged them yet"
    services.sealer.run()
    services.travel_judge.run()
    assert [services.alerting.watch.evaluate_rules() for _ in range(2)] == [1, 0]
    assert recorded(services, "alert.raised")[-1].account_id == person.account_id


@pytest.mark.parametrize("hunt", [one.name for one in WATCHED])
def test_every_watched_hunt_runs_where_there_is_nothing(services, add, hunt):
    add(hunt, threshold=1)
    assert services.alerting.watch.evaluate_rules() == 0


def test_a_paused_rule_and_a_removed_one_are_silent(services, rules, add, crowd, officer):
    paused, removed = add(), add()
    rules.switch(paused, officer=officer(), reason="too noisy")
    rules.remove(removed, officer=officer(), reason="no use")
    crowd(3)
    assert services.alerting.watch.evaluate_rules() == 0
    rules.switch(paused, officer=officer(), reason="again")
    assert services.alerting.watch.evaluate_rules() == 1
    changes = [one for one in services.audit.export() if one.action.startswith("alert.rule_")]
    assert [one.action for one in changes] == [
        "alert.rule_made",
        "alert.rule_made",
        "alert.rule_paused",
        "alert.rule_removed",
        "alert.rule_resumed",
    ]
    assert changes[2].reason == "too noisy"
    assert changes[2].detail["threshold"] == 3


def test_what_a_rule_found_goes_with_it(services, rules, add, crowd, officer):
    rule = add()
    crowd(3)
    services.alerting.watch.evaluate_rules()
    assert [one.source for one in services.alerting.alerts.latest(HOUR)] == [str(rule)]
    rules.remove(rule, officer=officer(), reason="no use")
    assert services.alerting.alerts.latest(HOUR) == []
    with pytest.raises(UserError):
        rules.remove(rule, officer=officer(), reason="no use")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hunt": "everything"}, "hunt"),
        ({"window": timedelta(hours=2)}, "window"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": 1_000_001}, "threshold"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rules, add, changes, field):
    with pytest.raises(UserError) as caught:
        add(**changes)
    assert caught.value.field == field
    assert rules.list() == []


def test_there_is_an_end_to_rules(rules, add, officer):
    somebody = officer()
    for _ in range(MOST_RULES):
        rules.add("dormant_officers", HOUR, 1, officer=somebody, reason="test")
    with pytest.raises(UserError):
        add()
