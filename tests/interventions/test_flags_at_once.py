"""Flags on an account when several act at once: an officer and the person, or two officers (GB/T 22239 8.1.5)."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.mark.parametrize("act", ["restrict", "require"])
def test_whoever_signs_in_while_an_officer_lays_a_flag_is_out(
    services, officer, account_factory, sign_in, act, request
):
    person, author, lay = account_factory(), officer(), request.getfixturevalue(act)

    def enter(_place):
        try:
            sign_in(person=person)
        except AttributeError:
            return "kept out"
        return "entered"

    with ThreadPoolExecutor(4) as pool:
        entering = [pool.submit(enter, place) for place in range(6)]
        pool.submit(lay, person, author).result()
        assert {one.result() for one in entering} <= {"entered", "kept out"}
    assert services.sessions.list(account_id=person.account_id) == []
    assert enter(0) == "kept out"


@pytest.mark.parametrize(
    ("act", "kinds", "flags"),
    [
        ("restrict", ("block", "suspend"), "restrictions"),
        ("require", ("reprove_identity", "reset_credential"), "requirements"),
    ],
)
def test_two_officers_at_once_leave_one_flag_of_each_kind(
    services, officer, account_factory, act, kinds, flags, request
):
    person, officers, lay = account_factory(), [officer(), officer()], request.getfixturevalue(act)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(lay, person, one, kind) for one in officers for kind in kinds]:
            done.result()
    assert tuple(one.kind for one in getattr(services, flags).in_force(person.account_id)) == kinds
