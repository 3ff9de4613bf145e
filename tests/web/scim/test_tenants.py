"""Whose members a client sees and changes (rule A7; SCIM-7644-2-auth), and what opens the door at all."""

from typing import Any

import pytest

from idp.accounts.organizations import NewMembership
from idp.staff.powers import Power
from tests.factories import numbers
from tests.protocol.binding.proving import DPoPKey, ProvingParty

GRANTS = {"grant_types": ["authorization_code", "client_credentials"], "scope": "openid scim reports"}
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def other(new_tenant: Any) -> Any:
    return new_tenant("customs", "customs-people")


def test_members_of_another_tenant_are_not_there(agency: Any, other: Any, firm: Any) -> None:
    """ASVS 8.2.2: every way to a foreign member answers as for one that does not exist."""
    theirs = other.create("customs.officer", emails=[{"value": "officer@example.cn"}])["id"]
    for tenant in (agency, firm):
        assert tenant.call("GET", f"/Users/{theirs}").status_code == 404
        assert tenant.call("DELETE", f"/Users/{theirs}").status_code == 404
        assert tenant.call("PUT", f"/Users/{theirs}", tenant.user("customs.officer")).status_code == 404
        assert tenant.deactivate(theirs).status_code == 404
        for text in (f'id eq "{theirs}"', 'userName eq "customs.officer"', 'emails eq "officer@example.cn"', "id pr"):
            assert tenant.names(filter=text) == []
        operations = [{"method": "DELETE", "path": f"/Users/{theirs}"}]
        answer = tenant.call("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})
        assert answer.get_json()["Operations"][0]["status"] == "404"
    assert other.names() == ["customs.officer"]


def test_accounts_that_are_nobodys_member_are_not_there(
    agency: Any, firm: Any, account_factory: Any, services: Any
) -> None:
    """Neither a citizen, nor another's agent, nor a closed account; only the tenant's own, also those from before."""
    account_factory(kind="citizen", username="citizen.one")
    account_factory(kind="enterprise", username="foreign.agent")
    closed = account_factory(kind="staff", username="closed.one")
    services.accounts.close(closed.account_id, "left", "command:test")
    account_factory(kind="staff", username="before.scim", phone=numbers.phone())
    account_factory(kind="enterprise", username="our.agent", memberships=(NewMembership(uscc=firm.tenant),))
    assert agency.names() == ["before.scim"]
    assert firm.names() == ["our.agent"]


def test_contacts_of_an_account_from_elsewhere_stay_the_persons(firm: Any, account_factory: Any) -> None:
    phone = numbers.phone()
    account_factory(kind="enterprise", phone=phone, memberships=(NewMembership(uscc=firm.tenant),))
    member = firm.page()["Resources"][0]
    assert "phoneNumbers" not in member
    assert firm.names(filter=f'phoneNumbers eq "{phone}"') == firm.names(filter="phoneNumbers pr") == []
    new = {"op": "add", "path": "phoneNumbers", "value": [{"value": numbers.phone()}]}
    assert firm.patch(member["id"], new).get_json()["scimType"] == "mutability"


def test_the_token_needs_the_scope_and_the_registration_a_tenant(
    agency: Any, new_relying_party: Any, client: Any
) -> None:
    missing = client.get("/scim/v2/Users")
    assert missing.status_code == 401
    assert missing.headers["WWW-Authenticate"].startswith("Bearer")
    assert missing.get_json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    without = new_relying_party("reports", **GRANTS)
    for scope, said in (("reports", "lacks the scope"), ("scim", "names no tenant")):
        agency.token = without.token(grant_type="client_credentials", scope=scope).get_json()["access_token"]
        refused = agency.call("GET", "/Users")
        assert (refused.status_code, refused.get_json()["status"]) == (403, "403")
        assert said in refused.get_json()["detail"]


def test_a_bound_token_works_with_its_proof_only(
    app: Any, issuer: Any, clock: Any, registration_factory: Any, client: Any
) -> None:
    """FAPI2-SP-5.3.4-rs, RFC 9449 §7."""
    site = registration_factory("bound", **GRANTS, policy={"scim_tenant": "tax-bureau"})
    party = ProvingParty(app, issuer, site.client_id, site.client_secret, site.redirect_uri)
    party.clock, party.key = clock, DPoPKey()
    token = party.token(grant_type="client_credentials", scope="scim").get_json()["access_token"]
    proof = party.key.proof("GET", f"{issuer}/scim/v2/Users", clock.now(), token=token)
    good = {"Authorization": f"DPoP {token}", "DPoP": proof}
    assert client.get("/scim/v2/Users", headers=good).status_code == 200
    assert client.get("/scim/v2/Users", headers=good).status_code == 401  # the same proof again
    assert client.get("/scim/v2/Users", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_addresses_of_an_officer_are_not_the_agencys_to_change(
    agency: Any, services: Any, account_factory: Any
) -> None:
    """Rule A7: alarms go there, and another officer, with a reason, changes them."""
    officer = account_factory(kind="staff", phone=numbers.phone())
    services.staff.grant(officer.account_id, Power.SECURITY, actor="system", reason="test")
    services.accounts.set_email(officer.account_id, "officer@example.cn", actor="system", reason="test")
    (member,) = agency.page()["Resources"]
    for name, value in (("emails", "thief@example.cn"), ("phoneNumbers", numbers.phone())):
        refused = agency.patch(member["id"], {"op": "replace", "path": name, "value": [{"value": value}]})
        assert refused.get_json()["scimType"] == "mutability"
        assert agency.patch(member["id"], {"op": "remove", "path": name}).get_json()["scimType"] == "mutability"
    assert agency.page()["Resources"][0]["emails"] == [{"value": "officer@example.cn"}]
    services.staff.end(services.staff.officer(officer.account_id).person_id, actor="system", reason="left")
    change = {"op": "replace", "path": "emails", "value": [{"value": "at.home@example.cn"}]}
    assert agency.patch(member["id"], change).status_code == 204
