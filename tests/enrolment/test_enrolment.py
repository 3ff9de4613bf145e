"""Changing one's own means of sign-in (ASVS-6.2.2, ASVS-7.4.3, ASVS-7.5.1, NIST-63B-4.1-bind)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyotp
import pytest

from idp.enrolment.values import (
    Added,
    Changed,
    Kept,
    NewCodes,
    NothingPending,
    NothingToReplace,
    StepUpNeeded,
    WrongCurrentPassword,
)
from idp.factors.assurance import ACR_AAL1, ACR_AAL2, acr_of
from idp.factors.password_rules import PasswordProblem
from idp.foundation.throttle import Refused
from idp.sessions.values import Selector

NEW = "another-harbour-lamp-9"


def change(services, session, current, new=NEW, *, end_others=False):
    return services.enrolment.change_password(session, current, new, end_others=end_others)


def test_password_changes_with_the_present_one(services, account_factory, session_of):
    person = account_factory()
    session = session_of(person)
    assert change(services, session, "wrong-lantern-harbour") == WrongCurrentPassword()
    assert change(services, session, person.password) == Changed()
    assert change(services, session, person.password) == WrongCurrentPassword()
    assert change(services, session, NEW, "quiet-river-mountain-3") == Changed()


def test_new_password_obeys_the_rules_with_what_is_known_of_the_person(services, account_factory, session_of):
    person = account_factory()
    session = session_of(person)
    for bad in (
        "short",
        "woaini1314520woaini",
        f"{person.phone}-abcdefg",
        "张小明的密码是张小明2024",
        person.id_number,
    ):
        assert isinstance(change(services, session, person.password, bad), PasswordProblem), bad
    # Alone it needs fifteen characters, beside a second factor eight.
    assert isinstance(change(services, session, person.password, "Kx7#mQ2!vR9z"), PasswordProblem)
    holder = account_factory(with_totp=True)
    assert change(services, session_of(holder, "password", "totp"), holder.password, "Kx7#mQ2!vR9z") == Changed()


def test_other_sessions_end_when_asked(services, account_factory, session_of):
    person = account_factory()
    first, second = session_of(person), session_of(person)
    assert change(services, first, person.password, end_others=True) == Changed()
    assert [one.id for one in services.sessions.list(account_id=person.account_id)] == [first.id]
    assert second.id != first.id


def test_guessing_the_present_password_is_throttled(services, account_factory, session_of):
    person = account_factory()
    session = session_of(person)
    for _ in range(3):
        assert change(services, session, "wrong-lantern-harbour") == WrongCurrentPassword()
    assert isinstance(change(services, session, person.password), Refused)


@pytest.mark.parametrize(
    ("has_app", "proved", "minutes", "needed"),
    [
        (False, ["password"], 20, None),
        (False, ["password"], 21, ACR_AAL1),
        (True, ["password"], 0, ACR_AAL2),
        (True, ["password", "totp"], 20, None),
        (True, ["password", "totp"], 21, ACR_AAL2),
    ],
)
def test_changes_want_all_that_can_be_proved_not_long_ago(
    services, account_factory, session_of, clock, has_app, proved, minutes, needed
):
    session = session_of(account_factory(with_totp=has_app), *proved)
    clock.advance(minutes=minutes)
    assert services.enrolment.step_up_for(session) == (None if needed is None else StepUpNeeded(needed))


def test_setting_up_an_app_raises_the_session(services, account_factory, session_of, clock):
    person = account_factory()
    session = session_of(person)
    pending = services.enrolment.begin_totp(session, person.username)
    added = services.enrolment.confirm_totp(session, pyotp.TOTP(pending.key).at(clock.now()), "手机")
    assert isinstance(added, Added)
    raised = services.sessions.load(added.session_cookie)
    assert raised.id == session.id
    assert acr_of(raised.factors, clock.now()) == ACR_AAL2
    assert isinstance(services.enrolment.make_recovery_codes(raised), NewCodes)


def test_key_under_way_is_shown_to_no_session_that_may_not_make_one(services, account_factory, session_of, clock):
    """ASVS 7.5.1: an old session in strange hands must not read along while its owner sets up an app elsewhere."""
    person = account_factory()
    old = session_of(person)
    clock.advance(minutes=21)
    recent = session_of(person)
    pending = services.enrolment.begin_totp(recent, person.username)
    assert services.enrolment.pending_totp(recent, person.username) == pending
    assert services.enrolment.pending_totp(old, person.username) is None


def test_app_set_up_in_a_session_that_has_ended_is_not_kept(services, account_factory, session_of, clock):
    person = account_factory()
    session = session_of(person)
    pending = services.enrolment.begin_totp(session, person.username)
    services.sessions.terminate(Selector(session_id=session.id), reason="staff", actor="system")
    code = pyotp.TOTP(pending.key).at(clock.now())
    assert services.enrolment.confirm_totp(session, code, "手机") == NothingPending()
    assert not services.factors.enrolled(person.account_id).has_second_factor
    assert services.sessions.list(account_id=person.account_id) == []


def test_authenticator_of_another_account_is_not_removed(services, account_factory, session_of):
    """ASVS-8.2.2."""
    person, other = account_factory(with_totp=True), account_factory(with_totp=True)
    theirs = services.factors.enrolled(other.account_id).authenticators[-1]
    assert services.enrolment.remove(session_of(person, "password", "totp"), theirs.id) == Kept()
    assert services.factors.enrolled(other.account_id).second_factors == ("totp",)


def test_staff_keep_their_last_app_and_may_change_it(services, account_factory, session_of):
    person = account_factory(kind="staff")
    session = session_of(person, "password", "totp")
    app = services.enrolment.methods(session).apps[0]
    assert services.enrolment.remove(session, app.id) == Kept()
    services.factors.add_totp(person.account_id, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", label="新手机")
    assert services.enrolment.remove(session, app.id) == Changed()
    assert [view.label for view in services.enrolment.methods(session).apps] == ["新手机"]


def test_two_removals_at_once_leave_the_last_app(services, account_factory, session_of):
    """Each of them sees another app that it would leave."""
    person = account_factory(kind="staff")
    session = session_of(person, "password", "totp")
    for number in range(8):
        services.factors.add_totp(person.account_id, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", label=str(number))
        first, second = services.enrolment.methods(session).apps
        begin = threading.Barrier(2)

        def remove(app, begin=begin):
            begin.wait(10)
            return services.enrolment.remove(session, app.id)

        with ThreadPoolExecutor(2) as threads:
            outcomes = list(threads.map(remove, (first, second)))
        assert sorted(type(one).__name__ for one in outcomes) == ["Changed", "Kept"]
        assert len(services.enrolment.methods(session).apps) == 1


def test_codes_are_made_only_where_they_can_take_the_place_of_something(services, account_factory, session_of):
    """Else they are asked for at every sign-in, and the tenth of these was the last."""
    person = account_factory()
    assert services.enrolment.make_recovery_codes(session_of(person)) == NothingToReplace()
    assert [view.kind for view in services.factors.enrolled(person.account_id).authenticators] == ["password"]


def test_codes_made_while_the_last_app_goes_do_not_stay_behind(services, account_factory, session_of):
    for _ in range(8):
        person = account_factory(with_totp=True)
        session = session_of(person, "password", "totp")
        [app] = services.enrolment.methods(session).apps
        begin = threading.Barrier(2)

        def at_once(work, begin=begin):
            begin.wait(10)
            return work()

        make = partial(services.enrolment.make_recovery_codes, session)
        remove = partial(services.enrolment.remove, session, app.id)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(at_once, (make, remove)))
        assert [view.kind for view in services.factors.enrolled(person.account_id).authenticators] == ["password"]


def test_every_change_is_recorded(services, account_factory, session_of):
    """NIST-63B-4.1-bind: each binding and unbinding with its time and source."""
    person = account_factory(with_totp=True)
    session = session_of(person, "password", "totp")
    services.enrolment.make_recovery_codes(session)
    change(services, session, person.password)
    services.enrolment.remove(session, services.enrolment.methods(session).apps[0].id)
    actions = [event.action for event in services.audit.of_account(person.account_id) if event.actor.startswith("acc")]
    assert actions.count("authenticator.removed") == 2
    assert {"authenticator.added", "authenticator.password_set"} <= set(actions)
