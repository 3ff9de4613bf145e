"""Requirements: each by itself, and new when it is laid anew."""

import pytest

from idp.foundation.errors import UserError

RESET, REPROVE = "reset_credential", "reprove_identity"


def test_flags_are_separate(services, officer, account_factory, sign_in, restrict, require):
    """One that is lifted leaves the others: of restrictions, and of requirements."""
    person, author = account_factory(), officer()
    restrict(person, author)
    require(person, author)
    require(person, author, REPROVE)
    services.account_interventions.lift(person.account_id, "block", officer=author, reason="found")
    assert len(services.requirements.in_force(person.account_id)) == 2
    services.requirement_interventions.waive(person.account_id, REPROVE, officer=author, reason="proven")
    assert services.requirements.renewal(person.account_id) is not None
    services.requirement_interventions.waive(person.account_id, RESET, officer=author, reason="by mistake")
    assert sign_in(person=person)


def test_what_an_officer_requires_anew_is_not_done_yet(services, officer, account_factory, require):
    person, author = account_factory(), officer()
    require(person, author, factor="totp")
    first = services.requirements.renewal(person.account_id)
    services.requirements.note_password_renewed(first, person.account_id, actor="system")
    assert services.requirements.renewal(person.account_id).password_renewed
    require(person, author, factor="totp")
    assert not services.requirements.renewal(person.account_id).password_renewed


def test_nobody_requires_of_their_own_account_or_of_a_closed_one(services, officer, account_factory, require):
    author, person = officer(), account_factory()
    with pytest.raises(UserError):
        services.requirement_interventions.require(
            author.account_id, RESET, services.clock.now(), factor=None, officer=author, reason="mine"
        )
    services.accounts.close(person.account_id, reason="died", actor="system")
    with pytest.raises(UserError):
        require(person, author)
