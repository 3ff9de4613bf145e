"""The break-glass: two custodians together, one hour, an alarm to all (rule A2)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.factors.assurance import VerifiedFactor
from idp.foundation.errors import UserError
from idp.interventions.break_glass import is_for
from idp.interventions.mass_endings import KIND as MASS_ENDING
from idp.interventions.models import BreakGlassRow
from idp.sessions.values import Browser
from idp.staff.models import OfficerPower
from idp.staff.powers import EMERGENCY, Permission, Power
from tests.staff.conftest import new_officer, officer, setting_changes

NEVER = (
    Permission.APPROVE_CLIENTS,
    Permission.APPROVE_KEYS,
    Permission.APPROVE_REQUESTS,
    Permission.CHANGE_ALERTS,
    Permission.CHANGE_CLIENTS,
    Permission.CHANGE_STAFF,
    Permission.ERASE_PERSONAL_VALUES,
    Permission.EXPORT_EVENTS,
    Permission.HOLD_ACCOUNTS,
    Permission.RESET_FACTORS,
    Permission.RETRY_DELIVERIES,
    Permission.REVEAL_PERSONAL_DATA,
)


@pytest.fixture
def custodians(officer):
    return officer(Power.CUSTODIAN), officer(Power.CUSTODIAN)


@pytest.fixture
def session_of(services, clock):
    def open_one(who):
        factors = (VerifiedFactor("password", clock.now()), VerifiedFactor("totp", clock.now()))
        return services.sessions.open(who.account_id, factors, services.entropy.uuid7(), Browser()).session_id

    return open_one


@pytest.fixture
def asked(services, custodians, session_of):
    first, _second = custodians
    session_id = session_of(first)
    services.break_glass.ask(first, session_id, "all officers are out")
    return services.break_glass.current()


@pytest.fixture
def opened(services, asked, custodians):
    services.break_glass.confirm(asked.id, custodians[1])
    return services.break_glass.current()


def refused(call, *arguments):
    with pytest.raises(UserError):
        call(*arguments)


def test_two_custodians_open_it_for_an_hour_and_only_for_the_session_that_asked(opened, custodians, clock):
    first, second = custodians
    assert opened.until == clock.now() + timedelta(hours=1)
    assert is_for(opened, first, opened.session_id)
    assert not is_for(opened, first, second.account_id)
    assert not is_for(opened, second, opened.session_id)


def test_a_request_alone_opens_nothing(asked, custodians):
    assert not is_for(asked, custodians[0], asked.session_id)


def test_nobody_turns_both_keys(services, asked, custodians):
    refused(services.break_glass.confirm, asked.id, custodians[0])
    assert services.break_glass.current().until is None


@pytest.mark.parametrize("power", [one for one in Power if one is not Power.CUSTODIAN])
def test_only_a_custodian_confirms(services, asked, officer, power):
    refused(services.break_glass.confirm, asked.id, officer(power, agency="tax"))


def test_a_custodian_whose_power_ended_meanwhile_neither_confirms_nor_is_confirmed(
    services, asked, custodians, officer
):
    first, second = custodians
    services.staff.end(second.person_id, actor="system", reason="left")
    refused(services.break_glass.confirm, asked.id, second)
    services.staff.end(first.person_id, actor="system", reason="left")
    refused(services.break_glass.confirm, asked.id, officer(Power.CUSTODIAN))


def test_after_a_quarter_of_an_hour_nobody_confirms_and_another_may_be_asked_for(services, asked, custodians, clock):
    clock.advance(minutes=15)
    refused(services.break_glass.confirm, asked.id, custodians[1])
    services.break_glass.ask(custodians[1], asked.session_id, "again")
    assert services.break_glass.current().opener_id == custodians[1].person_id


def test_there_is_one_at_a_time(services, asked, custodians):
    refused(services.break_glass.ask, custodians[1], asked.session_id, "another")


def test_its_hour_ends_by_itself_with_its_session(services, opened, clock):
    clock.advance(minutes=59, seconds=59)
    assert services.break_glass.current() is not None
    clock.advance(seconds=1)
    assert services.break_glass.current() is None
    (ended,) = [one for one in services.sessions.list(ended_since=clock.now() - timedelta(hours=2)) if one.ended_at]
    assert (ended.id, ended.end_reason) == (opened.session_id, "break_glass_ended")


def lose_the_power(services, who, _officer, _until):
    services.staff.end(who.person_id, actor="system", reason="left")


def get_another_power(services, who, _officer, _until):
    services.staff.grant(who.account_id, Power.AUDIT, actor="system", reason="moved")


def be_blocked(services, who, officer, until):
    services.account_interventions.restrict(who.account_id, "blocked", until, officer=officer, reason="in danger")


def be_locked(services, who, _officer, _until):
    services.accounts.lock(who.account_id, "lost", "system")


@pytest.fixture(params=[lose_the_power, get_another_power, be_blocked, be_locked], ids=lambda one: one.__name__)
def withdraw(request, services, officer, clock):
    """Take the key of a custodian away."""
    security = officer(Power.SECURITY)
    return lambda who: request.param(services, who, security, clock.now() + timedelta(days=1))


def endings(services):
    return [(one.actor, one.reason) for one in services.audit.export() if one.action == "break_glass.ended"]


@pytest.mark.parametrize("key", [0, 1], ids=["opener", "confirmer"])
def test_it_is_over_at_once_when_a_key_is_withdrawn(services, opened, custodians, clock, withdraw, key):
    withdraw(custodians[key])
    # In the transaction that withdrew the key: nobody has looked since.
    with services.database.read() as connection:
        assert connection.scalar(select(BreakGlassRow.ended_at)) == clock.now()
    assert endings(services) == [("system", "key_withdrawn")]
    assert opened.session_id not in {one.id for one in services.sessions.list()}


def test_a_request_is_over_when_its_custodian_is_one_no_more(services, asked, custodians, withdraw):
    withdraw(custodians[0])
    assert services.break_glass.current() is None
    refused(services.break_glass.confirm, asked.id, custodians[1])


def test_a_custodian_who_is_kept_out_confirms_nothing(services, asked, custodians, withdraw):
    withdraw(custodians[1])
    refused(services.break_glass.confirm, asked.id, custodians[1])
    assert services.break_glass.current().until is None


def test_what_befalls_others_ends_nothing(services, opened, withdraw, officer):
    withdraw(officer(Power.CUSTODIAN))
    assert services.break_glass.current() == opened


def test_a_confirmation_and_the_end_of_its_power_at_once_leave_nothing_open(services, asked, custodians):
    second = custodians[1]

    def turn():
        with suppress(UserError):
            services.break_glass.confirm(asked.id, second)

    with ThreadPoolExecutor(2) as pool:
        ending = pool.submit(services.staff.end, second.person_id, actor="system", reason="left")
        confirming = pool.submit(turn)
        assert ending.result()
        confirming.result()
    glass = services.break_glass.current()
    assert glass is None or glass.until is None


@pytest.mark.only_on("postgresql")
def test_a_key_withdrawn_while_it_turns_opens_nothing(services, asked, custodians):
    """The interleaving that no lock prevents: both saw the world before the other."""
    second, turned = custodians[1], Event()

    def turn():
        services.break_glass.confirm(asked.id, second)
        turned.set()

    with ThreadPoolExecutor(1) as pool, services.database.transaction():
        services.staff.end(second.person_id, actor="system", reason="left")
        pool.submit(turn)
        assert turned.wait(10), "the confirmation did not wait for the other transaction"
    assert services.break_glass.current() is None
    assert endings(services) == [("system", "key_withdrawn")]


@pytest.mark.parametrize("power", [Power.SYSTEM, Power.SECURITY, Power.AUDIT, Power.CUSTODIAN])
def test_any_officer_or_custodian_ends_it(services, opened, officer, power):
    assert services.break_glass.end(opened.id, officer(power))
    assert services.break_glass.current() is None
    assert not services.break_glass.end(opened.id, officer(power))


@pytest.mark.usefixtures("opened")
def test_the_worker_ends_what_nobody_looks_at(services, clock):
    from idp.jobs.watch import JOBS

    (job,) = [one for one in JOBS if one.name == "end_break_glass"]
    clock.advance(hours=1)
    job.run(services)
    with services.database.read() as connection:
        assert connection.scalar(select(BreakGlassRow.ended_at)) == clock.now()


def test_what_it_gives_is_to_see_and_to_stop(opened, custodians):
    with_glass = replace(custodians[0], glass=opened, in_emergency=True)
    assert {one for one in Permission if with_glass.may(one) and not with_glass.holds(one)} == EMERGENCY
    assert not EMERGENCY.intersection(NEVER)


def test_it_approves_nothing_not_even_what_it_may_do_itself(services, opened, custodians, officer):
    with_glass = replace(custodians[0], glass=opened, in_emergency=True)
    author = officer(Power.SECURITY)
    request_id = services.changes.request(MASS_ENDING, "sessions", {}, author=author, reason="test")
    digest = services.changes.get(request_id).digest
    refused(services.changes.approve, request_id, digest, with_glass)
    refused(services.changes.reject, request_id, with_glass, "no")


def test_it_keeps_no_officer_out(services, opened, custodians, officer, account_factory, clock):
    with_glass = replace(custodians[0], glass=opened, in_emergency=True)
    until, restrict = clock.now() + timedelta(hours=1), services.account_interventions.restrict
    with pytest.raises(UserError):
        restrict(officer(Power.AUDIT).account_id, "blocked", until, officer=with_glass, reason="test")
    restrict(account_factory().account_id, "blocked", until, officer=with_glass, reason="test")


def test_of_many_confirmations_at_once_one_opens_it(services, asked, officer):
    others = [officer(Power.CUSTODIAN) for _ in range(4)]

    def turn(who):
        try:
            services.break_glass.confirm(asked.id, who)
        except UserError:
            return False
        return True

    with ThreadPoolExecutor(len(others)) as pool:
        assert sum(pool.map(turn, others)) == 1


def test_a_confirmation_and_an_ending_at_once_leave_nothing_open(services, asked, custodians, officer):
    ender = officer(Power.AUDIT)

    def turn():
        with suppress(UserError):
            services.break_glass.confirm(asked.id, custodians[1])

    with ThreadPoolExecutor(2) as pool:
        confirming, ending = pool.submit(turn), pool.submit(services.break_glass.end, asked.id, ender)
        confirming.result()
        assert ending.result()
    assert services.break_glass.current() is None


def test_of_many_requests_at_once_one_is_made(services, officer, session_of):
    custodians = [officer(Power.CUSTODIAN) for _ in range(4)]
    sessions = [session_of(one) for one in custodians]

    def ask(pair):
        try:
            services.break_glass.ask(*pair, "test")
        except UserError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, zip(custodians, sessions, strict=True))) == 1


@pytest.mark.usefixtures("asked")
def test_the_database_refuses_one_human_with_both_keys_and_longer_than_an_hour(services, custodians, clock):
    for confirmer, until in ((custodians[0], timedelta(hours=1)), (custodians[1], timedelta(hours=1, seconds=1))):
        values = {"confirmer_id": confirmer.person_id, "opened_at": clock.now(), "until": clock.now() + until}
        with pytest.raises(IntegrityError), services.database.transaction() as connection:
            connection.execute(update(BreakGlassRow).values(**values))


def test_the_database_refuses_a_custodian_another_power_beside_it(services, custodians, clock):
    row = {"person_id": custodians[0].person_id, "account_id": custodians[0].account_id, "granted_at": clock.now()}
    with pytest.raises(IntegrityError), services.database.transaction() as connection:
        connection.execute(insert(OfficerPower), row | {"power": "security"})


__all__ = ["new_officer", "officer", "setting_changes"]
