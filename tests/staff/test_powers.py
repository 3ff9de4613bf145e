"""Powers: one a human, given by two officers, gone at once (rules A1, A2; GB/T 22239 8.1.5)."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from idp.foundation.errors import UserError
from idp.staff.models import OfficerPower
from idp.staff.powers import OFFICERS, PERMISSIONS, Permission, Power, may


def test_every_permission_is_given_to_somebody_and_none_to_all_three_administrators_that_changes_something():
    assert PERMISSIONS.keys() == set(Permission)
    for permission, powers in PERMISSIONS.items():
        assert powers, permission
        if not permission.value.endswith((".see", "stop")):
            assert len(powers & OFFICERS) <= 1, permission


def test_auditors_change_nothing_and_others_do_not_export():
    audited = {permission.value for permission in Permission if may(Power.AUDIT, permission)}
    assert all(name.endswith(".see") for name in audited - {"events.export"})
    assert PERMISSIONS[Permission.EXPORT_EVENTS] == {Power.AUDIT}


def test_a_human_has_one_power_whatever_accounts_they_have(services, new_officer, account_factory):
    person = new_officer(Power.SECURITY)
    second = account_factory(kind="staff", id_number=person.id_number, name=person.name)
    with pytest.raises(UserError):
        services.staff.grant(second.account_id, Power.AUDIT, actor="system", reason="test")


def test_the_database_refuses_a_second_power_of_a_human(services, officer, account_factory):
    held, other = officer(Power.SECURITY), account_factory(kind="staff")
    row = {
        "person_id": held.person_id,
        "account_id": other.account_id,
        "power": "audit",
        "granted_at": services.clock.now(),
    }
    with pytest.raises(IntegrityError), services.database.transaction() as connection:
        connection.execute(insert(OfficerPower), row)


def test_a_citizen_cannot_be_given_a_power(services, account_factory):
    with pytest.raises(UserError):
        services.staff.grant(account_factory().account_id, Power.AUDIT, actor="system", reason="test")


def test_a_locked_account_uses_no_power_it_is_asked_for(services, account_factory):
    person = account_factory(kind="staff", is_locked=True)
    with pytest.raises(UserError):
        services.staff.grant(person.account_id, Power.AUDIT, actor="system", reason="test")


def test_a_power_that_ends_is_gone_and_leaves_history(services, officer):
    held = officer(Power.AUDIT)
    assert services.staff.end(held.person_id, actor="system", reason="left")
    assert services.staff.officer(held.account_id) is None
    assert not services.staff.end(held.person_id, actor="system", reason="left")
    assert services.staff.has_history()


def test_bootstrap_codes_make_two_different_people_officers_once_each(services, account_factory):
    first, second = services.staff.make_bootstrap_codes(actor="command:root")
    one, two = account_factory(kind="staff"), account_factory(kind="staff")
    assert services.staff.redeem_bootstrap_code(one.account_id, first.reveal())
    assert not services.staff.redeem_bootstrap_code(two.account_id, first.reveal()), "used"
    assert not services.staff.redeem_bootstrap_code(one.account_id, second.reveal()), "the same human"
    assert services.staff.redeem_bootstrap_code(two.account_id, second.reveal())
    assert {one.power for one in services.staff.holders()} == {Power.SECURITY}


def test_bootstrap_codes_die_after_fifteen_minutes_and_are_not_made_where_officers_were(
    services, account_factory, clock, officer
):
    code, _ = services.staff.make_bootstrap_codes(actor="command:root")
    clock.advance(minutes=15)
    assert not services.staff.redeem_bootstrap_code(account_factory(kind="staff").account_id, code.reveal())
    services.staff.end(officer().person_id, actor="system", reason="left")
    assert services.staff.make_bootstrap_codes(actor="command:root") is None


def test_a_citizen_with_a_bootstrap_code_gets_nothing_and_does_not_use_it_up(services, account_factory):
    code, _ = services.staff.make_bootstrap_codes(actor="command:root")
    assert not services.staff.redeem_bootstrap_code(account_factory().account_id, code.reveal())
    assert services.staff.redeem_bootstrap_code(account_factory(kind="staff").account_id, code.reveal())
