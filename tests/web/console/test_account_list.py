"""The list of accounts: masked, by filters in the address, for those who may see accounts."""

from datetime import timedelta

import pytest

from idp.accounts.requirements import REPROVE_IDENTITY
from idp.factors.assurance import VerifiedFactor
from idp.interventions import account_list
from idp.interventions.account_list import AccountFilter
from idp.sessions.rating import NO_SIGN, RiskSign
from idp.sessions.values import Browser
from idp.staff.powers import Power
from tests.support.statements import watched

PATH = "/console/accounts"


@pytest.fixture
def listed(services):
    """Return the usernames that a filter finds, newest first."""

    def find(**chosen):
        return [line.username for line in services.account_list.page(AccountFilter(**chosen))]

    return find


def test_a_line_says_what_is_known_and_masks_who_it_is(at_console, services, account_factory, clock, entropy):
    person = account_factory(with_totp=True, phone="+8613812345678")
    proved = [VerifiedFactor("password", clock.now())]
    services.sessions.open(person.account_id, proved, entropy.uuid7(), Browser("203.0.113.0/24"))
    clock.advance(hours=3)
    page = at_console(Power.HELP_DESK).get(PATH, kind="citizen")
    line = " ".join(page.text.split()).partition("Created")[2].partition(person.username)[2]
    assert "Password, Authenticator app" in line
    assert "May sign in" in line
    assert "5678" in line
    assert "13812345678" not in page.source
    assert line.count("2 Mar 2026, 09:00") == 2, "the latest sign-in, and when the account was made"


def test_each_state_is_found_and_shown_as_such(at_console, services, account_factory, officer, clock, listed):
    states = {name: account_factory() for name in ("open", "locked", "restricted", "required", "closed")}
    author = officer()
    services.accounts.lock(states["locked"].account_id, "test", "system")
    until, said = clock.now() + timedelta(hours=1), {"officer": author, "reason": "stolen phone"}
    services.account_interventions.restrict(states["restricted"].account_id, "block", until, **said)
    services.requirement_interventions.require(
        states["required"].account_id, REPROVE_IDENTITY, until, factor=None, **said
    )
    services.accounts.close(states["closed"].account_id, "test", "system")
    for state, person in states.items():
        assert listed(state=state, kind="citizen") == [person.username], state
    clock.advance(hours=2)
    opened = {states[name].username for name in ("open", "restricted", "required")}
    assert set(listed(state="open", kind="citizen")) == opened, "what has ended keeps nobody out"
    page = at_console().get(PATH, state="locked", kind="citizen")
    assert "Kind: Citizen" in page.text
    assert str(states["locked"].account_id) in page.source
    assert str(states["open"].account_id) not in page.source


def test_filters_choose_and_are_data(at_console, services, account_factory, clock, listed):
    old = account_factory(with_totp=True)
    clock.advance(days=2)
    new, staff = account_factory(), account_factory(kind="staff")
    since = clock.now() - timedelta(days=1)
    assert listed(kind="citizen") == [new.username, old.username]
    assert listed(factor="totp", kind="citizen") == [old.username]
    assert listed(factor="password", kind="citizen") == [new.username, old.username]
    assert set(listed(created_since=since)) == {new.username, staff.username}
    level = services.accounts.get(old.account_id).ial
    assert old.username in listed(ial=level)
    assert old.username not in listed(ial=level % 3 + 1)
    assert listed(agency=services.accounts.get(staff.account_id).agency) == [staff.username]
    assert listed(agency="' OR 1=1 --") == []
    browser = at_console()
    for name in ("kind", "state", "level", "factor", "created", "seen", "risk"):
        page = browser.get(PATH, **{name: "' OR 1=1 --"})
        assert page.status == 400
        assert str(old.account_id) not in page.source


def test_who_signed_in_lately_and_who_shows_a_sign_of_risk_are_found(
    at_console, services, account_factory, clock, entropy, listed
):
    def enter(person, signs=NO_SIGN):
        proved = [VerifiedFactor("password", clock.now())]
        services.sessions.open(person.account_id, proved, entropy.uuid7(), Browser(), signs=signs)
        clock.advance(1)

    asleep, awake, risky = account_factory(), account_factory(), account_factory()
    enter(asleep, RiskSign.IMPOSSIBLE_TRAVEL)
    clock.advance(days=31)
    since = clock.now()
    enter(awake)
    for signs in (RiskSign.AFTER_FAILURES, NO_SIGN, RiskSign.RECOVERY_CODE):
        enter(risky, signs)
    assert listed(kind="citizen", signed_in_since=since) == [risky.username, awake.username]
    assert listed(sign="any") == listed(sign="recovery_code") == listed(sign="after_failures") == [risky.username]
    assert listed(sign="impossible_travel") == [], "that was more than 30 days ago"
    page = at_console().get(PATH, kind="citizen", seen="1h", risk="any")
    assert "Risk: Any sign" in page.text
    assert "Recovery code Many wrong passwords" in " ".join(page.text.split())
    assert risky.username in page.text
    assert awake.username not in page.text


def test_who_has_not_signed_in_for_long_is_found_and_not_who_was_opened_since(
    services, account_factory, clock, entropy, listed
):
    asleep, never, awake = account_factory(), account_factory(), account_factory()
    proved = [VerifiedFactor("password", clock.now())]
    services.sessions.open(asleep.account_id, proved, entropy.uuid7(), Browser("203.0.113.0/24"))
    clock.advance(days=91)
    services.sessions.open(awake.account_id, proved, entropy.uuid7(), Browser("203.0.113.0/24"))
    account_factory()
    since = clock.now() - timedelta(days=90)
    assert listed(not_signed_in_since=since, kind="citizen") == [never.username, asleep.username]
    assert listed(not_signed_in_since=since, kind="staff") == []


def test_among_many_who_do_sign_in_those_who_do_not_are_sought_step_by_step(
    at_console, services, account_factory, clock, entropy, monkeypatch
):
    monkeypatch.setattr(account_list, "LOOKED_AT", 2)
    asleep = account_factory()
    people = [account_factory() for _ in range(3)]
    clock.advance(days=91)
    for person in people:
        proved = [VerifiedFactor("password", clock.now())]
        services.sessions.open(person.account_id, proved, entropy.uuid7(), Browser("203.0.113.0/24"))
    page = (browser := at_console()).get(PATH, seen="not-90d", kind="citizen")
    assert "None was found among those looked at" in page.text
    assert "Last sign-in: Not in 90 days" in page.text
    assert asleep.username in browser.follow_link("Look further").text
    assert "Look further" in browser.page.text, "two were looked at, and there may be more"
    assert "No account matches" in browser.follow_link("Look further").text


def test_a_means_that_was_removed_no_longer_counts(services, account_factory, listed):
    person = account_factory(with_totp=True)
    (totp,) = (one for one in services.factors.enrolled(person.account_id).authenticators if one.kind == "totp")
    services.factors.remove(person.account_id, totp.id, actor="system")
    assert listed(factor="totp") == []


def test_pages_go_on_and_each_is_one_statement(at_console, services, account_factory):
    people = [account_factory() for _ in range(52)]
    browser = at_console()
    first = browser.get(PATH, kind="citizen")
    assert str(people[-1].account_id) in first.source
    assert str(people[0].account_id) not in first.source
    assert str(people[0].account_id) in browser.follow_link("Older").source
    with watched(services.database) as seen:
        services.account_list.page(AccountFilter(state="open", factor="totp", ial=2))
    assert seen.kinds == ["SELECT"]


@pytest.mark.parametrize("power", [Power.SYSTEM, Power.AUDIT])
def test_who_may_not_see_accounts_sees_no_list(at_console, power):
    browser = at_console(power)
    assert browser.get(PATH).status == 403
    assert PATH not in browser.get("/console").source
