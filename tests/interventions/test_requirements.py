"""Requirements when several act at once: an officer and the person, or two officers (GB/T 22239 8.1.5)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from idp.foundation.errors import UserError

RESET, REPROVE = "reset_credential", "reprove_identity"


def require(services, person, officer, kind=RESET, factor=None):
    until = services.clock.now() + timedelta(hours=1)
    services.requirement_interventions.require(
        person.account_id, kind, until, factor=factor, officer=officer, reason="in a leaked list"
    )


def test_whoever_signs_in_while_an_officer_requires_a_new_password_is_out(services, officer, account_factory, sign_in):
    person, author = account_factory(), officer()

    def enter(_place):
        try:
            sign_in(person=person)
        except AttributeError:
            return "kept out"
        return "entered"

    with ThreadPoolExecutor(4) as pool:
        entering = [pool.submit(enter, place) for place in range(6)]
        pool.submit(require, services, person, author).result()
        assert {one.result() for one in entering} <= {"entered", "kept out"}
    assert services.sessions.list(account_id=person.account_id) == []
    assert enter(0) == "kept out"


def test_two_officers_at_once_leave_one_flag_of_each_kind(services, officer, account_factory):
    person, officers = account_factory(), [officer(), officer()]
    with ThreadPoolExecutor(4) as pool:
        work = [(one, kind) for one in officers for kind in (RESET, REPROVE)]
        for done in [pool.submit(require, services, person, *one) for one in work]:
            done.result()
    assert [one.kind for one in services.requirements.in_force(person.account_id)] == [REPROVE, RESET]


def test_flags_are_separate(services, officer, account_factory, sign_in):
    """One that is lifted leaves the others: of restrictions, and of requirements."""
    person, author = account_factory(), officer()
    until = services.clock.now() + timedelta(hours=1)
    services.account_interventions.restrict(person.account_id, "block", until, officer=author, reason="stolen phone")
    require(services, person, author)
    require(services, person, author, REPROVE)
    services.account_interventions.lift(person.account_id, "block", officer=author, reason="found")
    assert len(services.requirements.in_force(person.account_id)) == 2
    services.requirement_interventions.waive(person.account_id, REPROVE, officer=author, reason="proven")
    assert services.requirements.renewal(person.account_id) is not None
    services.requirement_interventions.waive(person.account_id, RESET, officer=author, reason="by mistake")
    assert sign_in(person=person)


def test_what_an_officer_requires_anew_is_not_done_yet(services, officer, account_factory):
    person, author = account_factory(), officer()
    require(services, person, author, factor="totp")
    first = services.requirements.renewal(person.account_id)
    services.requirements.note_password_renewed(first, person.account_id, actor="system")
    assert services.requirements.renewal(person.account_id).password_renewed
    require(services, person, author, factor="totp")
    assert not services.requirements.renewal(person.account_id).password_renewed


def test_nobody_requires_of_their_own_account_or_of_a_closed_one(services, officer, account_factory):
    author, person = officer(), account_factory()
    with pytest.raises(UserError):
        services.requirement_interventions.require(
            author.account_id, RESET, services.clock.now(), factor=None, officer=author, reason="mine"
        )
    services.accounts.close(person.account_id, reason="died", actor="system")
    with pytest.raises(UserError):
        require(services, person, author)
