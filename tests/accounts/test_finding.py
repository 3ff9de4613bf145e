"""Finding the account that signs in, and the life of an account: locked, unlocked, closed."""

from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import event, select

from idp.accounts.errors import AccountRefused, AccountUnknown
from idp.accounts.identifiers import parse_identifier
from idp.accounts.models import Account, AccountLookup
from tests.accounts.people import citizen, credit_code, enterprise, id_number, staff, wide

NOBODY = UUID("018f0000-0000-7000-8000-000000000000")


@contextmanager
def statements_of(database):
    """Collect the text of every statement."""
    seen = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        seen.append(statement)

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in database.engines:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "typed", ["Citizen0", "138 0000 0000", wide("+8613800000000"), id_number(0), id_number(0).lower()]
)
def test_a_citizen_is_found_by_username_phone_and_id_number(accounts, typed):
    account_id = accounts.create(citizen())
    accounts.create(citizen(1))
    found = accounts.find_for_sign_in(typed)
    assert found.id == account_id
    assert found == accounts.find_for_sign_in(parse_identifier(typed))
    assert (found.kind, found.is_admitted, found.rules.name) == ("citizen", True, "citizen")


def test_enterprise_and_staff_are_found_by_username_only(accounts):
    # Phone and ID number lead to the citizen account of the same human.
    accounts.create(enterprise(0, phone="13800000000", id_number=id_number(0)))
    accounts.create(staff(0, phone="13800000000"))
    assert accounts.find_for_sign_in("enterprise0").kind == "enterprise"
    assert accounts.find_for_sign_in("staff0").rules.minimum_factors == 2
    assert accounts.find_for_sign_in("13800000000") is None
    assert accounts.find_for_sign_in(id_number(0)) is None
    assert accounts.find_for_sign_in(credit_code(0)) is None

    citizen_id = accounts.create(citizen(0, name="李四"))
    assert accounts.find_for_sign_in("13800000000").id == citizen_id
    assert accounts.find_for_sign_in(id_number(0)).id == citizen_id


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        ("citizen0", "nobody"),
        ("13800000000", "13900000000"),
        (id_number(0), id_number(1)),
        ("citizen0", "\0' OR 1=1 --\ud800"),
    ],
)
def test_known_and_unknown_identifiers_cost_the_same_one_statement(accounts, database, known, unknown):
    # Rule S4, ASVS 6.3.8.
    accounts.create(citizen())
    with statements_of(database) as for_known:
        assert accounts.find_for_sign_in(known) is not None
    with statements_of(database) as for_unknown:
        assert accounts.find_for_sign_in(unknown) is None
    assert len(for_known) == 1
    assert for_known == for_unknown


def test_a_locked_account_is_found_but_not_admitted_until_it_is_unlocked(accounts, audit):
    account_id = accounts.create(citizen())

    assert accounts.lock(account_id, "lost phone", "command:root")
    assert not accounts.lock(account_id, "again", "command:root")
    found = accounts.find_for_sign_in("citizen0")
    assert (found.is_locked, found.is_admitted) == (True, False)
    assert accounts.get(account_id).lock_reason == "lost phone"
    assert not accounts.get(account_id).is_live

    assert accounts.unlock(account_id, "found it", "command:root")
    assert not accounts.unlock(account_id, "again", "command:root")
    assert accounts.find_for_sign_in("citizen0").is_admitted
    assert [(event.action, event.reason) for event in audit.of_account(account_id)] == [
        ("account.unlock", "found it"),
        ("account.lock", "lost phone"),
        ("account.open", None),
    ]


def test_an_unknown_account_cannot_be_locked(accounts):
    with pytest.raises(AccountUnknown):
        accounts.lock(NOBODY, "reason", "command:root")
    with pytest.raises(AccountUnknown):
        accounts.note_credentials_changed(NOBODY)
    assert accounts.get(NOBODY) is None
    assert accounts.profile(NOBODY) is None


def test_a_closed_account_never_comes_back_and_its_numbers_open_a_new_one(accounts, database):
    # OIDC-CORE-2-sub-never-reassigned: subjects hang on the account's id, and the next account has another.
    first = accounts.create(citizen())
    accounts.close(first, "moved abroad", "command:root")

    assert not accounts.find_for_sign_in("citizen0").is_admitted
    assert accounts.find_for_sign_in("13800000000") is None
    for change in (accounts.close, accounts.lock, accounts.unlock):
        with pytest.raises(AccountUnknown):
            change(first, "reason", "command:root")
    with pytest.raises(AccountRefused) as refusal:
        accounts.create(citizen())
    assert refusal.value.field == "username"

    second = accounts.create(citizen(username="again"))
    assert second != first
    assert accounts.find_for_sign_in(id_number(0)).id == second
    assert accounts.get(second).natural_person_id == accounts.get(first).natural_person_id
    with database.read() as connection:
        assert set(connection.scalars(select(AccountLookup.account_id))) == {second}


def test_a_change_of_credentials_is_noted(accounts, clock, database):
    account_id = accounts.create(citizen())
    clock.advance(minutes=5)
    accounts.note_credentials_changed(account_id)
    assert accounts.find_for_sign_in("citizen0").credentials_changed_at == clock.now()
    with database.read() as connection:
        assert connection.scalar(select(Account.created_at)) < clock.now()


def test_what_pages_and_commands_show_is_masked(accounts):
    # ASVS-14.2.6
    view = accounts.get(accounts.create(citizen()))
    assert view.masked_name == "张*丰"
    assert view.masked_id_number == "110***********" + id_number(0)[-4:]
    assert view.masked_phone == "138****0000"
    assert view.masked_email == "c***@example.cn"
    for value in (id_number(0), "13800000000", "张三丰", "citizen0@"):
        assert value not in repr(view)
