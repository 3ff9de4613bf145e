"""Opening accounts: one human is one row, nothing is half written, and no account of another deployment enters."""

import threading
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from idp.accounts.draft import NewAccount
from idp.accounts.errors import AccountRefused
from idp.accounts.kinds import KINDS
from idp.accounts.models import Account, AccountLookup, Membership, NaturalPerson, Organization
from idp.accounts.organizations import NewMembership
from idp.accounts.service import Accounts
from idp.audit.models import AuditEvent
from idp.audit.service import Audit
from idp.foundation.database import Database
from tests.accounts.people import citizen, credit_code, enterprise, id_number, staff, wide


def rows(database, model):
    with database.read() as connection:
        return connection.execute(select(model.__table__)).mappings().all()


def refused_fields(accounts, new):
    with pytest.raises(AccountRefused) as refusal:
        accounts.create(new)
    return [problem.field for problem in refusal.value.problems]


@pytest.mark.parametrize("make", [citizen, enterprise, staff])
def test_every_kind_opens_with_one_natural_person(accounts, database, make):
    account_id = accounts.create(make(), actor="command:root")

    [account] = rows(database, Account)
    [person] = rows(database, NaturalPerson)
    assert account["id"] == account_id
    assert account["natural_person_id"] == person["id"]
    assert (person["ial"], person["ial_source"]) == (1, "self_asserted")
    assert account["environment"] == "development"


def test_opening_is_audited_without_a_personal_value(accounts, audit):
    account_id = accounts.create(citizen(), actor="command:root")

    [event] = audit.of_account(account_id)
    assert (event.action, event.actor) == ("account.open", "command:root")
    assert event.detail == {
        "kind": "citizen",
        "ial": 1,
        "ial_source": "self_asserted",
        "joined": False,
        "is_demonstration": False,
    }


def test_every_fault_is_named_with_its_field_at_once(accounts, database):
    new = NewAccount(
        kind="citizen",
        username="13800138000",
        name="张三1",
        id_number="110105194912310021",
        phone="123",
        email="nobody",
        address={"planet": "Mars"},
        preferred_language="fr",
        agency="tax-bureau",
        ial=3,
        ial_source="population_register",
        environment="production",
    )

    fields = refused_fields(accounts, new)
    assert set(fields) == {
        "username",
        "name",
        "id_number",
        "phone",
        "email",
        "address",
        "preferred_language",
        "agency",
        "ial",
        "environment",
    }
    assert rows(database, Account) == rows(database, NaturalPerson) == []
    assert not [event for event in rows(database, AuditEvent) if event["action"].startswith("account.")]


def test_a_refusal_does_not_repeat_what_was_typed(accounts):
    with pytest.raises(AccountRefused) as refusal:
        accounts.create(citizen(id_number="110105194912310021", phone="13800", email="zhang san"))
    for value in ("110105194912310021", "13800", "zhang san"):
        assert value not in str(refusal.value)
        assert value not in repr(citizen(id_number="110105194912310021", phone="13800", email="zhang san"))


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewAccount(kind="robot", username="robot"), "kind"),
        (NewAccount(kind="citizen", username="nameless"), "name"),
        (NewAccount(kind="enterprise", username="firmless", name="李四"), "uscc"),
        (staff(agency=None), "agency"),
        (staff(id_number=None), "id_number"),
        (staff(roles=("Chief Clerk",)), "role"),
        (citizen(memberships=(NewMembership(uscc=credit_code()),)), "uscc"),
        (enterprise(memberships=(NewMembership(uscc="911100006000373411"),)), "uscc"),
        (enterprise(memberships=(NewMembership(uscc=credit_code()), NewMembership(uscc=credit_code()))), "uscc"),
        (citizen(birthdate=date(1950, 1, 1)), "birthdate"),
        (citizen(gender="male"), "gender"),
        (citizen(id_number=None, ial=2, ial_source="population_register"), "ial"),
        (citizen(ial=2), "ial"),
        (citizen(ial_source="hearsay"), "ial_source"),
    ],
)
def test_what_a_kind_or_a_proof_does_not_allow_is_refused(accounts, new, field):
    assert refused_fields(accounts, new) == [field]


def test_the_level_of_identity_is_what_the_source_gives(accounts):
    register = accounts.create(citizen(1, ial_source="population_register"))
    lower = accounts.create(citizen(2, ial=1, ial_source="counter"))

    assert (accounts.get(register).ial, accounts.get(register).ial_source) == (2, "population_register")
    assert accounts.get(lower).ial == 1


@pytest.mark.parametrize("username", ["citizen0", "CITIZEN0", wide("CITIZEN0")])
def test_a_username_belongs_to_one_account_in_any_writing(accounts, username):
    accounts.create(citizen(0))
    assert refused_fields(accounts, citizen(1, username=username)) == ["username"]


def test_a_phone_number_signs_in_one_citizen_only(accounts):
    accounts.create(citizen(0, phone="13800138000"))
    assert refused_fields(accounts, citizen(1, phone="+86 138 0013 8000")) == ["phone"]


def test_a_person_has_one_citizen_account(accounts, database):
    accounts.create(citizen(0))
    assert refused_fields(accounts, citizen(1, id_number=id_number(0))) == ["id_number"]
    assert len(rows(database, NaturalPerson)) == 1


def test_accounts_of_one_human_share_the_natural_person_as_it_is(accounts, database):
    first = accounts.create(citizen(0, ial_source="population_register"))
    person_before = rows(database, NaturalPerson)

    second = accounts.create(enterprise(0, name="张三丰", id_number=id_number(0), phone="13800000000", address="别处"))

    assert rows(database, NaturalPerson) == person_before
    assert accounts.get(first).natural_person_id == accounts.get(second).natural_person_id
    assert accounts.get(second).ial == 2


def test_an_id_number_under_another_name_is_refused(accounts, database):
    accounts.create(citizen(0))
    assert refused_fields(accounts, enterprise(0, name="李四", id_number=id_number(0))) == ["name"]
    assert len(rows(database, Account)) == 1


def test_an_organization_is_one_row_and_gets_its_name_from_the_first_who_knows_it(accounts, database):
    code = credit_code(5)
    accounts.create(enterprise(0, memberships=(NewMembership(uscc=code),)))
    accounts.create(enterprise(1, memberships=(NewMembership(uscc=code, name="示例有限公司", name_en="Example Ltd"),)))
    accounts.create(enterprise(2, memberships=(NewMembership(uscc=code, name="冒名有限公司"),)))

    [organization] = rows(database, Organization)
    assert (organization["uscc"], organization["name"], organization["name_en"]) == (
        code,
        "示例有限公司",
        "Example Ltd",
    )
    assert len(rows(database, Membership)) == 3


def test_memberships_are_shown_in_the_order_they_were_given(accounts):
    account_id = accounts.create(
        enterprise(
            memberships=(
                NewMembership(uscc=credit_code(9), role="legal_representative", name="九号公司"),
                NewMembership(uscc=credit_code(3)),
            )
        )
    )
    first, second = accounts.memberships(account_id)
    assert (first.code, first.name, first.role) == (credit_code(9), "九号公司", "legal_representative")
    assert (second.code, second.name, second.role) == (credit_code(3), credit_code(3), "agent")


def test_accounts_of_another_environment_and_demonstrations_in_production_are_refused(
    accounts, database, clock, entropy, audit, keyring
):
    # Rule O1.
    assert refused_fields(accounts, citizen(environment="production")) == ["environment"]
    production = Accounts(database, clock, entropy, audit, keyring, environment="production")
    assert refused_fields(production, citizen(is_demonstration=True)) == ["is_demonstration"]
    accounts.create(citizen(is_demonstration=True))


def test_an_account_that_came_with_another_database_is_not_admitted(accounts, database, clock, entropy, audit, keyring):
    accounts.create(citizen())
    production = Accounts(database, clock, entropy, audit, keyring, environment="production")
    here, there = accounts.find_for_sign_in("citizen0"), production.find_for_sign_in("citizen0")
    assert here.is_admitted
    assert there is not None
    assert not there.is_admitted


def test_of_twenty_parallel_openings_for_one_human_one_succeeds(settings, database, clock, entropy, keyring):
    outcomes: list[Any] = []

    def open_one(index):
        own = Database(settings.database_url)
        accounts = Accounts(own, clock, entropy, Audit(own, clock, entropy), keyring, environment="development")
        try:
            outcomes.append(accounts.create(citizen(index, id_number=id_number(0))))
        except AccountRefused as refusal:
            outcomes.append(refusal.field)
        finally:
            own.dispose()

    threads = [threading.Thread(target=open_one, args=(index,)) for index in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("id_number") == 19
    assert len(rows(database, NaturalPerson)) == len(rows(database, Account)) == 1
    assert len(rows(database, AccountLookup)) == 3


def test_opening_joins_the_transaction_of_its_caller(accounts, database):
    def open_and_fail():
        with database.transaction():
            accounts.create(citizen())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        open_and_fail()
    assert rows(database, Account) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_signs_in_by_username_and_offers_the_basic_claims(kind):
    assert "username" in kind.identifiers
    assert {"name", "preferred_username", "updated_at"} <= kind.claims
    assert kind.minimum_factors == (2 if kind.name == "staff" else 1)
