"""``active: false`` ends the membership, or the staff account's access, with its sessions and tokens at once; never the
person's own account (rule A7; SCIM-7644-3.6-active).
"""

from typing import Any

import pytest
from sqlalchemy import select

from idp.accounts.organizations import NewMembership
from idp.audit.models import AuditEvent
from tests.factories import numbers

OFFLINE = {"scope": "openid profile offline_access", "grant_types": ["authorization_code", "refresh_token"]}


@pytest.fixture
def portal(new_relying_party: Any) -> Any:
    kinds = {"policy": {"account_kinds": ["citizen", "enterprise", "staff"]}}
    return new_relying_party("portal", **OFFLINE, **kinds)


@pytest.fixture
def enter(portal: Any, new_browser: Any, clock: Any) -> Any:
    """Sign a person in at the portal in a browser of its own; for the organization named, if several."""

    def sign_in(person: Any, organization: str | None = None) -> Any:
        browser = new_browser()
        page = portal.authorize(browser, scope="openid profile offline_access", prompt="consent")
        clock.advance(30)
        page = browser.sign_in(person.username, person.password, person.code(clock) if person.totp_secret else None)
        if organization is not None:
            page = browser.submit(organization=organization)
        if page.has("consent-allow"):
            page = browser.submit("consent-allow")
        return portal.redeem(page.answer["code"]).get_json()

    return sign_in


def is_alive(portal: Any, tokens: dict[str, Any]) -> tuple[bool, bool]:
    """Tell whether the access token and the refresh token are of use."""
    userinfo = portal.userinfo(tokens["access_token"]).status_code == 200
    refresh = portal.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refresh.status_code == 200 or refresh.get_json()["error"] == "invalid_grant"
    return userinfo, refresh.status_code == 200


def events(services: Any) -> list[str]:
    with services.database.read() as connection:
        actions = select(AuditEvent.action).where(AuditEvent.action.like("provisioning.%")).order_by(AuditEvent.id)
        return list(connection.scalars(actions))


def test_staff_lose_their_access_and_their_citizen_account_goes_on(
    agency: Any, portal: Any, enter: Any, account_factory: Any, services: Any, clock: Any
) -> None:
    number = numbers.id_number()
    officer = account_factory(kind="staff", username="officer.one", id_number=number)
    citizen = account_factory(kind="citizen", username="citizen.one", id_number=number)
    at_work, at_home = enter(officer), enter(citizen)
    member = agency.page(filter='userName eq "officer.one"')["Resources"][0]["id"]

    assert agency.deactivate(member).status_code == 204
    assert is_alive(portal, at_work) == (False, False)
    assert is_alive(portal, at_home) == (True, True)
    assert services.accounts.get(officer.account_id).locked_at is not None
    assert agency.call("GET", f"/Users/{member}").get_json()["active"] is False
    assert agency.deactivate(member).status_code == 204

    clock.advance(1)
    assert agency.reactivate(member).status_code == 204
    assert is_alive(portal, at_work) == (False, False)
    assert all(is_alive(portal, enter(officer)))
    assert events(services) == ["provisioning.deactivate", "provisioning.reactivate"]


def test_only_what_is_done_for_the_organization_ends(
    firm: Any, portal: Any, enter: Any, account_factory: Any, services: Any
) -> None:
    elsewhere = numbers.uscc()
    agent = account_factory(
        kind="enterprise", memberships=(NewMembership(uscc=firm.tenant), NewMembership(uscc=elsewhere))
    )
    ids = {one.code: str(one.organization_id) for one in services.accounts.memberships(agent.account_id)}
    for_us, for_others = enter(agent, ids[firm.tenant]), enter(agent, ids[elsewhere])
    member = firm.page()["Resources"][0]["id"]

    inactive = firm.user(agent.username, name={"formatted": agent.name}, active=False)
    answer = firm.call("PUT", f"/Users/{member}", inactive)
    assert answer.status_code == 200, answer.text
    assert is_alive(portal, for_us) == (False, False)
    assert is_alive(portal, for_others) == (True, True)
    assert [one.code for one in services.accounts.memberships(agent.account_id)] == [elsewhere]
    assert services.accounts.get(agent.account_id).is_live

    assert firm.reactivate(member).status_code == 204
    assert len(services.accounts.memberships(agent.account_id)) == 2
    assert firm.call("DELETE", f"/Users/{member}").status_code == 204
    assert is_alive(portal, for_others) == (True, True)
    assert firm.reactivate(member).status_code == 404
    assert firm.names() == []


def test_a_lock_of_the_staff_is_not_lifted_and_an_ended_access_not_by_them(
    agency: Any, account_factory: Any, services: Any
) -> None:
    officer = account_factory(kind="staff")
    member = agency.page()["Resources"][0]["id"]

    def is_locked() -> bool:
        return services.accounts.get(officer.account_id).locked_at is not None

    services.accounts.lock(officer.account_id, "stolen", "account:officer")
    assert agency.reactivate(member).status_code == 204
    assert is_locked()
    assert agency.deactivate(member).status_code == 204
    assert services.accounts.unlock(officer.account_id, "found", "account:officer")
    assert is_locked()
    assert not services.accounts.unlock(officer.account_id, "again", "account:officer")
    assert services.accounts.lock(officer.account_id, "stolen again", "account:officer")
    assert agency.reactivate(member).status_code == 204
    assert is_locked()
    assert services.accounts.unlock(officer.account_id, "found", "account:officer")
    assert not is_locked()


def test_a_removed_username_goes_to_nobody(agency: Any) -> None:
    """OpenID Connect Core §2: a subject, and what leads to it, is never given to anyone else."""
    member = agency.create("left.early", active=False)
    assert member["active"] is False
    assert agency.call("DELETE", f"/Users/{member['id']}").status_code == 204
    assert agency.call("POST", "/Users", agency.user("left.early")).status_code == 409
