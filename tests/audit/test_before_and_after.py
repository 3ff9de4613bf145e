"""What changes something says what was there before and what is there after; secrets never, personal values masked."""

import types
from dataclasses import fields
from datetime import timedelta
from importlib import import_module
from typing import Any, get_args, get_type_hints

import pytest
from sqlalchemy import select

from idp.audit.events import Changed, Event, Facts
from idp.audit.models import AuditEvent
from idp.foundation.masked import Masked
from idp.staff.powers import Power
from tests.registry.conftest import tax
from tests.staff.conftest import new_officer, officer

# Whoever is collected first: the events of every feature are known here.
import_module("idp.wiring")

__all__ = ["new_officer", "officer"]

SECRETS = ("password_hash", "secret", "token", "digest", "verifier", "key_material", "authorization")


def kinds(kind: type[Any]) -> list[type[Any]]:
    return [one for sub in kind.__subclasses__() for one in (sub, *kinds(sub))]


CHANGES = [kind for kind in kinds(Changed) if hasattr(kind, "action") and not kind.action.startswith("test.")]


def changes_of(services: Any, action: str) -> list[dict[str, Any]]:
    """Both sides of each event of an action, as the database has them, oldest first."""
    statement = select(AuditEvent.detail).where(AuditEvent.action == action).order_by(AuditEvent.id)
    with services.database.read() as connection:
        details = connection.scalars(statement).all()
    return [{side: one.get(side) for side in ("before", "after")} for one in details]


@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.action)
def test_both_sides_of_a_change_are_typed_facts(kind: type[Event]):
    hints = get_type_hints(kind)
    for side in ("before", "after"):
        given = get_args(hints[side]) if isinstance(hints[side], types.UnionType) else (hints[side],)
        facts = [one for one in given if one is not types.NoneType]
        assert all(issubclass(one, Facts) and one is not Facts for one in facts), f"{side} of {kind.__name__}"
    assert {hints["before"], hints["after"]} != {types.NoneType}


@pytest.mark.parametrize("kind", kinds(Facts), ids=lambda kind: kind.__name__)
def test_no_fact_holds_a_secret(kind: type[Facts]):
    hints = get_type_hints(kind)
    texts = [one.name for one in fields(kind) if hints[one.name] not in {bool, int}]
    assert not [name for name in texts if any(word in name for word in SECRETS)]


@pytest.mark.parametrize("kind", kinds(Facts), ids=lambda kind: kind.__name__)
def test_what_says_who_somebody_is_can_be_erased(kind: type[Facts]):
    hints = get_type_hints(kind)
    personal = [one.name for one in fields(kind) if one.name in {"phone", "email", "external_id", "id_number"}]
    assert all(Masked in get_args(hints[name]) for name in personal)


def test_states_of_an_account(services: Any, account_factory: Any):
    account_id = account_factory().account_id
    services.accounts.lock(account_id, "lost", "command:x")
    services.accounts.unlock(account_id, "found", "command:x")
    services.accounts.close(account_id, "moved away", "command:x")
    assert changes_of(services, "account.lock") == [{"before": {"state": "open"}, "after": {"state": "locked"}}]
    assert changes_of(services, "account.unlock") == [{"before": {"state": "locked"}, "after": {"state": "open"}}]
    assert changes_of(services, "account.close") == [{"before": {"state": "open"}, "after": {"state": "closed"}}]


def test_restrictions(services: Any, account_factory: Any, clock: Any):
    account_id = account_factory().account_id
    first, second = clock.now() + timedelta(days=1), clock.now() + timedelta(days=2)
    services.restrictions.place(account_id, "block", first, reason="r", actor="command:x")
    services.restrictions.place(account_id, "block", second, reason="r", actor="command:x")
    services.restrictions.lift(account_id, "block", reason="r", actor="command:x")
    one, other = {"until": first.isoformat()}, {"until": second.isoformat()}
    assert changes_of(services, "account.restrict") == [
        {"before": None, "after": one},
        {"before": one, "after": other},
    ]
    assert changes_of(services, "account.unrestrict") == [{"before": other, "after": None}]


def test_contacts_are_masked_where_staff_read_them_and_nowhere_else(services: Any, account_factory: Any):
    account_id = account_factory(kind="staff").account_id
    for number in ("+8613912345678", "+8613999995678"):
        services.accounts.set_contacts(account_id, email="who@example.cn", phone=number, actor="command:x")
    latest, first = [one for one in services.audit.of_account(account_id) if one.action == "account.contacts"]
    assert first.detail["after"] == {"phone": "+86139****5678", "email": "w***@example.cn"}
    assert latest.detail["before"]["phone"] == "+86139****5678"
    assert latest.detail["after"]["phone"] == "+86139****5678 ≠", "another number under the same mask"
    assert latest.detail["after"]["email"] == "w***@example.cn"
    assert changes_of(services, "account.contacts")[1] == {"before": {}, "after": {}}, "nothing in the leaf itself"


def test_factors_by_kind_only(services: Any, account_factory: Any):
    person = account_factory(with_totp=True)
    services.factors.make_recovery_codes(person.account_id, actor="system")
    (view,) = [one for one in services.factors.enrolled(person.account_id).authenticators if one.kind == "totp"]
    services.factors.remove(person.account_id, view.id, actor="system")
    (removed,) = changes_of(services, "authenticator.removed")
    assert sorted(set(removed["before"]["kinds"]) - set(removed["after"]["kinds"])) == ["totp"]
    assert "password" in removed["after"]["kinds"]


def test_powers(services: Any, new_officer: Any):
    person = new_officer(Power.SYSTEM)
    services.staff.grant(person.account_id, Power.DELEGATE, actor="system", reason="moved", agency="tax-bureau")
    holder = services.staff.officer(person.account_id)
    services.staff.end(holder.person_id, actor="system", reason="left")
    system, delegate = {"power": "system", "agency": None}, {"power": "delegate", "agency": "tax-bureau"}
    assert changes_of(services, "staff.power_granted") == [
        {"before": None, "after": system},
        {"before": system, "after": delegate},
    ]
    assert changes_of(services, "staff.power_ended") == [{"before": delegate, "after": None}]


def test_requests(services: Any, officer: Any, account_factory: Any):
    target = str(account_factory(kind="staff").account_id)
    content = {"power": "audit", "agency": None}
    request_id = services.changes.request("staff.grant", target, content, author=officer(), reason="r", approvals=2)
    for _ in range(2):
        services.changes.approve(request_id, services.changes.get(request_id).digest, officer())
    states = [{"state": "open", "approvals": count} for count in range(3)]
    assert changes_of(services, "change.requested") == [{"before": None, "after": states[0]}]
    assert changes_of(services, "change.approved") == [
        {"before": states[0], "after": states[1]},
        {"before": states[1], "after": states[2]},
    ]
    assert changes_of(services, "change.applied") == [
        {"before": states[2], "after": {"state": "applied", "approvals": 2}}
    ]


def test_registrations_and_their_states(services: Any, clock: Any):
    registry = services.registry
    registry.apply(tax(contacts=["one@example.cn"]), actor="command:x", substitutions={})
    registry.apply(tax(contacts=["two@example.cn"], scope="openid"), actor="command:x", substitutions={})
    registry.suspend("tax", actor="command:x")
    registry.resume("tax", actor="command:x")
    first, second = changes_of(services, "client_applied")
    assert (first["before"], first["after"]["client_id"]) == (None, "tax")
    assert second == {"before": {"scope": "openid phone profile"}, "after": {"scope": "openid"}}
    assert "example.cn" not in str([first, second]), "the contacts stand beside the record, encrypted"
    stopped = {"state": "suspended", "not_before": clock.now().isoformat()}
    assert changes_of(services, "client_suspended") == [
        {"before": {"state": "active", "not_before": None}, "after": stopped}
    ]
    assert changes_of(services, "client_resumed") == [{"before": stopped, "after": stopped | {"state": "active"}}]


def test_secrets_of_a_site_by_number_only(services: Any):
    services.registry.apply(tax(), actor="command:x", substitutions={})
    secret = services.registry.rotate_secret("tax", actor="command:x").secret.reveal()
    assert changes_of(services, "client_secret_issued") == [
        {"before": {"live": 0}, "after": {"live": 1}},
        {"before": {"live": 1}, "after": {"live": 2}},
    ]
    assert secret not in repr(list(services.audit.export()))
