"""Restrictions: whole or not at all, and never by whoever is their subject."""

from datetime import timedelta

import pytest

from idp.foundation.errors import UserError
from idp.sessions.values import Selector


def test_what_fails_leaves_nothing_half_done(services, officer, account_factory, sign_in, restrict, monkeypatch):
    person = account_factory()
    sign_in(person=person)

    def refuse(*_args, **_options):
        raise OSError("the database refuses")

    with monkeypatch.context() as broken:
        broken.setattr(services.sessions, "terminate", refuse)
        with pytest.raises(OSError, match="refuses"):
            restrict(person, officer())
    assert services.restrictions.in_force(person.account_id) == ()
    assert len(services.sessions.list(account_id=person.account_id)) == 1


def test_a_closed_account_is_restricted_no_more(services, officer, account_factory, restrict):
    person = account_factory()
    services.accounts.close(person.account_id, reason="died", actor="system")
    services.sessions.terminate(Selector(account_id=person.account_id), reason="closed", actor="system")
    with pytest.raises(UserError):
        restrict(person, officer())


def test_nobody_acts_on_another_account_of_their_own(services, new_officer, officer, account_factory, restrict, clock):
    """Rule A1: a power sits on the human, and so does what it must not be used for."""
    person = new_officer()
    author = services.staff.officer(person.account_id)
    own = account_factory(id_number=person.id_number, with_totp=True, with_recovery_codes=True)
    until = clock.now() + timedelta(hours=1)
    restrict(own, officer())
    hold_id = services.legal_holds.place(own.account_id, "Order 7", officer=officer(), reason="court order")
    factor = services.factors.enrolled(own.account_id).of_kind("totp")[0]
    acts, of_author = services.account_interventions, {"officer": author, "reason": "it is mine"}
    for act in (
        lambda: acts.lift(own.account_id, "block", **of_author),
        lambda: acts.restrict(own.account_id, "suspend", until, **of_author),
        lambda: acts.reset_factor(own.account_id, factor.id, case_number="1", **of_author),
        lambda: services.legal_holds.end(services.legal_holds.get(hold_id), **of_author),
        lambda: services.requirement_interventions.waive(own.account_id, "reprove_identity", **of_author),
    ):
        with pytest.raises(UserError, match="their own account"):
            act()
    assert [one.kind for one in services.restrictions.in_force(own.account_id)] == ["block"]
    assert services.legal_holds.get(hold_id) is not None
