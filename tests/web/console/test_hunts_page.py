"""The canned hunts: each finds what it is named after, and nothing else (console.md §2)."""

from datetime import timedelta

import pytest

from idp.audit.searching import actions
from idp.factors.assurance import VerifiedFactor
from idp.interventions.hunts import REFUSALS
from idp.sessions.values import Browser
from idp.staff.powers import Power

HOUR = timedelta(hours=1)


@pytest.fixture
def enter(services, clock, entropy):
    """Open a session from a network with a factor."""

    def open_one(person, network="203.0.113.0/24", factor="password"):
        proved = [VerifiedFactor(factor, clock.now())]
        services.sessions.open(person.account_id, proved, entropy.uuid7(), Browser(network))

    return open_one


def test_the_page_shows_chart_and_table_of_the_same_numbers(at_console, services, new_browser, account_factory):
    person, browser = account_factory(), new_browser(language="en")
    browser.get("/account")
    browser.sign_in(person.username, "wrong password")
    page = at_console(Power.AUDIT).get("/console/hunts")
    assert page.status == 200
    outcomes = services.hunts.sign_ins(HOUR)
    assert (outcomes[-1].succeeded, outcomes[-1].refused) == (1, 1)
    assert page.source.count('class="up"') == page.source.count('class="down"') == 1
    assert "Succeeded" in page.text


def test_one_network_with_many_accounts_is_found(at_console, account_factory, enter):
    for _ in range(3):
        enter(account_factory())
    lonely = account_factory()
    for _ in range(4):
        enter(lonely, "198.51.100.0/24")
    page = at_console().get("/console/hunts", least="3")
    assert "203.0.113.0/24" in page.text
    assert "198.51.100.0/24" not in page.text


def test_a_new_factor_after_a_recovery_is_found_and_one_without_is_not(
    at_console, account_factory, enter, services, clock
):
    careful, recovered = account_factory(with_recovery_codes=True), account_factory(with_recovery_codes=True)
    clock.advance(days=2)
    enter(careful)
    enter(recovered, factor="recovery_code")
    clock.advance(minutes=5)
    for person in (careful, recovered):
        services.factors.add_totp(person.account_id, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    (found,) = services.hunts.new_factors_after_recovery(HOUR)
    assert found.account_id == recovered.account_id
    page = at_console().get("/console/hunts", window="1h")
    assert recovered.username in page.text
    assert careful.username not in page.text


def test_officers_who_do_not_come_are_found(new_officer, sign_in, clock):
    away, present = new_officer(Power.AUDIT), new_officer()
    clock.advance(days=91)
    page = sign_in(present).get("/console/hunts")
    assert away.username in page.text
    assert present.username not in page.text.split("Dormant officers")[1]


@pytest.mark.parametrize("least", ["", "0", "-1", "x", "9" * 30, "٣"])
def test_a_threshold_that_makes_no_sense_is_the_usual_one(at_console, least):
    assert at_console().get("/console/hunts", least=least, window="x").status == 200


def test_the_help_desk_does_not_hunt(at_console):
    assert at_console(Power.HELP_DESK).get("/console/hunts").status == 403


def test_the_outcomes_counted_are_actions_that_exist():
    assert set(REFUSALS) <= set(actions())
