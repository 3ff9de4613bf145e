"""Signing in, from a name and a password to a session (rules S1 and S2)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pyotp
import pytest
from sqlalchemy import text

from idp.factors.assurance import ACR_AAL2, VerifiedFactor, acr_of
from idp.factors.factor import WrongCode
from idp.sessions.values import Browser, Selector
from idp.sign_in.journey import Step
from idp.sign_in.values import Continue, Expired, Finished, WrongPassword

SECOND = Continue(Step.SECOND_FACTOR)


def test_long_password_alone_opens_a_session(visitor, account_factory):
    person = account_factory()
    assert isinstance(visitor.password(person.username, person.password), Finished)
    assert visitor.session.account_id == person.account_id
    assert [factor.kind for factor in visitor.session.factors] == ["password"]


@pytest.mark.parametrize("identifier", ["username", "phone", "id_number"])
def test_person_signs_in_with_any_of_their_identifiers(visitor, account_factory, identifier):
    person = account_factory()
    assert isinstance(visitor.password(getattr(person, identifier), person.password), Finished)


def test_second_factor_is_always_asked_when_enrolled(visitor, account_factory, clock):
    person = account_factory(with_totp=True)
    assert visitor.password(person.username, person.password) == SECOND
    assert not visitor.session_cookie
    assert isinstance(visitor.code("totp", person.code(clock)), Finished)
    assert acr_of(visitor.session.factors, clock.now()) == ACR_AAL2


def test_recovery_code_stands_in_for_the_authenticator(visitor, account_factory):
    person = account_factory(with_totp=True, with_recovery_codes=True)
    visitor.password(person.username, person.password)
    assert isinstance(visitor.code("recovery_code", person.recovery_codes[0]), Finished)


def test_progress_is_never_portable(visitor, new_visitor, account_factory, clock):
    """Rule S1: what one browser proved is worth nothing in another."""
    person = account_factory(with_totp=True)
    interaction = visitor.interaction()
    visitor.password(person.username, person.password, interaction)
    assert new_visitor().code("totp", person.code(clock), interaction) == Expired()


def test_attempt_ends_after_ten_minutes(visitor, account_factory, clock):
    person = account_factory(with_totp=True)
    visitor.password(person.username, person.password)
    clock.advance(minutes=10)
    assert visitor.code("totp", person.code(clock)) == Expired()


@pytest.mark.only_on("postgresql")
def test_a_restriction_and_a_sign_in_that_meet_do_not_wait_for_each_other(visitor, services, account_factory, clock):
    """Rule P3: the restriction wins. Both take the account before the browser: else the database would stop one."""
    person = account_factory()
    visitor.sign_in(person, clock)
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    with ThreadPoolExecutor(1) as threads:
        with services.database.transaction() as connection:
            until = clock.now() + timedelta(days=1)
            services.restrictions.place(person.account_id, "block", until, reason="test", actor="system")
            visitor.session_cookie = None
            signing_in = threads.submit(visitor.password, person.username, person.password)
            while not connection.scalar(waits) and not signing_in.done():
                time.sleep(0.01)
            services.sessions.terminate(Selector(account_id=person.account_id), reason="restricted", actor="system")
        assert not isinstance(signing_in.result(), Finished)
    assert not services.sessions.list(account_id=person.account_id)


@pytest.mark.only_on("postgresql")
def test_a_restriction_and_another_hat_that_meet_do_not_wait_for_each_other(visitor, services, account_factory, clock):
    """Rule P3: the session that would be replaced is ended by the restriction, and nothing takes its place."""
    person = account_factory()
    visitor.sign_in(person, clock)
    replaced, proved = visitor.session, [VerifiedFactor("password", clock.now())]
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    another_hat = partial(
        services.sessions.open, person.account_id, proved, replaced.id, Browser(), organization_id=replaced.id
    )
    with ThreadPoolExecutor(1) as threads:
        with services.database.transaction() as connection:
            until = clock.now() + timedelta(days=1)
            services.restrictions.place(person.account_id, "block", until, reason="test", actor="system")
            opening = threads.submit(another_hat, replacing=replaced)
            while not connection.scalar(waits) and not opening.done():
                time.sleep(0.01)
            services.sessions.terminate(Selector(account_id=person.account_id), reason="restricted", actor="system")
        assert opening.result() is None
    assert not services.sessions.list(account_id=person.account_id)


def test_lock_ends_the_attempt(visitor, services, account_factory, clock):
    person = account_factory(with_totp=True)
    visitor.password(person.username, person.password)
    services.accounts.lock(person.account_id, reason="test", actor="system")
    assert visitor.code("totp", person.code(clock)) == Expired()


def test_credential_change_ends_the_attempt(visitor, services, account_factory, clock):
    person = account_factory(with_totp=True)
    visitor.password(person.username, person.password)
    clock.advance(1)
    services.factors.set_password(person.account_id, "another-harbour-lamp-9", has_second_factor=True)
    assert visitor.code("totp", person.code(clock)) == Expired()


def test_ten_wrong_codes_end_the_attempt(visitor, account_factory, clock):
    person = account_factory(with_totp=True)
    visitor.password(person.username, person.password)
    wrong = 0
    while wrong < 10:
        outcome = visitor.code("totp", "000000")
        if isinstance(outcome, WrongCode):
            wrong += 1
        else:
            clock.set(outcome.until)
    clock.advance(minutes=2)
    assert visitor.code("totp", person.code(clock)) == Expired()


def test_attempt_finishes_once(visitor, services, account_factory):
    """Rule S2: two answers to the last step at once open one session."""
    person = account_factory(with_totp=True, with_recovery_codes=True)
    visitor.password(person.username, person.password)
    visit, interaction = visitor.visit, visitor.interaction()
    outcomes = []
    barrier = threading.Barrier(8)

    def finish(code: str) -> None:
        barrier.wait()
        outcomes.append(services.sign_in.submit_code(visit, interaction, "recovery_code", code))

    threads = [threading.Thread(target=finish, args=(code,)) for code in person.recovery_codes[:8]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, Finished) for outcome in outcomes) == 1
    assert len(services.sessions.list(account_id=person.account_id)) == 1
    # The codes of those who came too late were not spent.
    assert services.factors.enrolled(person.account_id).codes_left == 9


def test_code_counts_only_after_the_password(visitor, account_factory, clock):
    """ASVS-2.3.1: steps in order."""
    person = account_factory(with_totp=True)
    assert visitor.code("totp", person.code(clock)) == Expired()


def test_new_session_id_comes_with_every_sign_in(visitor, account_factory, clock):
    """ASVS-7.2.4."""
    person = account_factory()
    visitor.sign_in(person, clock)
    first = visitor.session_cookie
    visitor.sign_in(person, clock, visitor.interaction(fresh=True))
    assert visitor.session_cookie != first
    assert visitor.services.sessions.load(first) is None


def test_signing_in_as_somebody_else_ends_the_session_before(visitor, services, account_factory, clock):
    first, second = account_factory(), account_factory()
    visitor.sign_in(first, clock)
    visitor.sign_in(second, clock)
    assert services.sessions.list(account_id=first.account_id) == []
    assert visitor.session.account_id == second.account_id


def test_fresh_login_is_met_only_for_this_interaction(visitor, account_factory, clock):
    """Rule S1: prompt=login and max_age."""
    person = account_factory()
    visitor.sign_in(person, clock)
    fresh = visitor.interaction(fresh=True)
    assert visitor.situation().step is Step.DONE
    assert visitor.situation(fresh).step is Step.PASSWORD
    visitor.sign_in(person, clock, fresh)
    assert visitor.situation(fresh).step is Step.DONE
    assert visitor.situation(visitor.interaction(fresh=True)).step is Step.PASSWORD


def test_password_of_one_tab_is_not_fresh_in_another(visitor, account_factory):
    person = account_factory(with_totp=True)
    visitor.password(person.username, person.password, visitor.interaction())
    assert visitor.situation().step is Step.SECOND_FACTOR
    assert visitor.situation(visitor.interaction(fresh=True)).step is Step.PASSWORD


def test_step_up_asks_only_for_what_is_missing_and_changes_the_cookie(visitor, account_factory, clock):
    person = account_factory(with_totp=True)
    visitor.sign_in(person, clock, remember=True)
    visitor.session_cookie = None
    visitor.sign_in(person, clock)
    before = visitor.session
    assert [factor.kind for factor in before.factors] == ["password"]
    stronger = visitor.interaction(acr=ACR_AAL2)
    assert visitor.situation(stronger).step is Step.SECOND_FACTOR
    cookie = visitor.session_cookie
    clock.advance(30)
    assert isinstance(visitor.code("totp", person.code(clock), stronger), Finished)
    assert visitor.session_cookie != cookie
    assert visitor.session.id == before.id
    assert acr_of(visitor.session.factors, clock.now()) == ACR_AAL2


def test_attempt_of_somebody_else_is_no_part_of_a_step_up(visitor, account_factory, clock):
    """Who is signed in is asked for their own code, whatever another account left open in this browser."""
    person, other = account_factory(with_totp=True), account_factory(with_totp=True)
    visitor.sign_in(person, clock, remember=True)
    visitor.session_cookie = None
    visitor.sign_in(person, clock)
    clock.advance(30)
    switching, stronger = visitor.interaction(), visitor.interaction(acr=ACR_AAL2)
    assert visitor.password(other.username, other.password, switching) == SECOND
    assert isinstance(visitor.code("totp", other.code(clock), stronger), WrongCode)
    assert isinstance(visitor.code("totp", person.code(clock), stronger), Finished)
    assert visitor.session.account_id == person.account_id


def test_the_other_account_goes_on_where_it_was_begun(visitor, account_factory, clock):
    person, other = account_factory(), account_factory(with_totp=True)
    visitor.sign_in(person, clock)
    switching = visitor.interaction()
    assert visitor.password(other.username, other.password, switching) == SECOND
    assert isinstance(visitor.code("totp", other.code(clock), switching), Finished)
    assert visitor.session.account_id == other.account_id


def test_step_up_of_a_session_that_has_ended_opens_nothing(visitor, services, account_factory, clock):
    """Rule P3: a second factor alone never makes a session."""
    person = account_factory(with_totp=True)
    visitor.sign_in(person, clock, remember=True)
    visitor.session_cookie = None
    visitor.sign_in(person, clock)
    stronger, visit = visitor.interaction(acr=ACR_AAL2), visitor.visit
    clock.advance(30)
    services.sessions.terminate(Selector(account_id=person.account_id), reason="staff", actor="system")
    outcome = services.sign_in.submit_code(visit, stronger, "totp", person.code(clock))
    assert outcome == Expired()
    assert services.sessions.list(account_id=person.account_id) == []


def test_remembered_browser_spares_the_second_factor_for_thirty_days(visitor, new_visitor, account_factory, clock):
    person = account_factory(with_totp=True)
    visitor.sign_in(person, clock, remember=True)
    visitor.session_cookie = None
    clock.advance(days=29)
    assert isinstance(visitor.password(person.username, person.password), Finished)
    # It adds nothing to acr (rule S7), and does not help where more than aal1 is asked.
    assert acr_of(visitor.session.factors, clock.now()) != ACR_AAL2
    visitor.session_cookie = None
    assert visitor.password(person.username, person.password, visitor.interaction(acr=ACR_AAL2)) == SECOND
    assert new_visitor().password(person.username, person.password) == SECOND
    clock.advance(days=2)
    assert visitor.password(person.username, person.password) == SECOND


def test_browser_is_not_remembered_unless_asked(visitor, account_factory, clock):
    person = account_factory(with_totp=True)
    visitor.sign_in(person, clock)
    visitor.session_cookie = None
    assert visitor.password(person.username, person.password) == SECOND


def test_staff_are_never_remembered(visitor, account_factory, clock):
    person = account_factory(kind="staff")
    visitor.sign_in(person, clock, remember=True)
    visitor.session_cookie = None
    assert visitor.password(person.username, person.password) == SECOND


def test_short_password_never_stands_alone(visitor, account_factory, clock):
    """Rule S7: not even in a remembered browser."""
    person = account_factory(with_totp=True, password="Kx7#mQ2!vR9z")
    visitor.sign_in(person, clock, remember=True)
    visitor.session_cookie = None
    assert visitor.password(person.username, person.password) == SECOND


def test_staff_without_second_factor_must_enrol_one(visitor, services, account_factory, clock):
    """ASVS-6.3.3."""
    person = account_factory(kind="staff", with_totp=False)
    interaction = visitor.interaction()
    assert visitor.password(person.username, person.password, interaction) == Continue(Step.ENROL_SECOND_FACTOR)
    pending = services.sign_in.begin_totp(visitor.visit, interaction)
    code = pyotp.TOTP(pending.key).at(clock.now())
    assert services.sign_in.confirm_totp(visitor.visit, interaction, "000000", "") == WrongCode("wrong")
    enrolled = services.sign_in.confirm_totp(visitor.visit, interaction, code, "手机")
    assert len(enrolled.codes) == 10
    assert isinstance(visitor.keep(services.sign_in.proceed(visitor.visit, interaction)), Finished)
    assert acr_of(visitor.session.factors, clock.now()) == ACR_AAL2


def test_key_under_way_belongs_to_the_browser_that_began_it(new_visitor, services, account_factory, clock):
    """Whoever knows the password as well must neither read the key of another browser nor slip theirs into it."""
    person = account_factory(kind="staff", with_totp=False)
    owner, other = new_visitor(), new_visitor()
    interactions = [one.interaction() for one in (owner, other)]
    for one, interaction in zip((owner, other), interactions, strict=True):
        one.password(person.username, person.password, interaction)
    pending = services.sign_in.begin_totp(owner.visit, interactions[0])
    assert services.sign_in.pending_totp(owner.visit, interactions[0]) == pending
    assert services.sign_in.pending_totp(other.visit, interactions[1]) is None
    code = pyotp.TOTP(pending.key).at(clock.now())
    assert services.sign_in.confirm_totp(other.visit, interactions[1], code, "") == Expired()
    slipped = services.sign_in.begin_totp(other.visit, interactions[1])
    assert services.sign_in.pending_totp(owner.visit, interactions[0]) is None
    code = pyotp.TOTP(slipped.key).at(clock.now())
    assert services.sign_in.confirm_totp(owner.visit, interactions[0], code, "") == Expired()
    assert not services.factors.enrolled(person.account_id).has_second_factor


def test_kind_that_the_client_does_not_admit_opens_no_session(visitor, services, account_factory):
    person = account_factory(kind="staff")
    outcome = visitor.password(person.username, person.password, visitor.interaction(kinds=["citizen"]))
    assert outcome == Continue(Step.NOT_ADMITTED)
    assert services.sessions.list(account_id=person.account_id) == []
    assert "sign_in.not_admitted" in [event.action for event in services.audit.of_account(person.account_id)]


def test_wrong_password_is_recorded_without_what_was_typed(visitor, services, account_factory):
    """ASVS-16.3.1, ASVS-16.2.5."""
    person = account_factory()
    assert visitor.password(person.username, "wrong-lantern-harbour") == WrongPassword()
    event = services.audit.of_account(person.account_id)[0]
    assert (event.action, event.reason) == ("sign_in.password_refused", "wrong")
    assert person.username not in str(event)
    assert "wrong-lantern" not in str(event)


def test_device_value_planted_by_somebody_else_is_not_adopted(visitor, account_factory, clock):
    person = account_factory(with_totp=True)
    visitor.device = "a-value-that-an-attacker-knows"
    visitor.sign_in(person, clock, remember=True)
    assert visitor.device != "a-value-that-an-attacker-knows"
