"""SCIM users over HTTP: what is created, found, changed and refused (SCIM-7644)."""

from typing import Any

from tests.support.racing import together

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def test_a_member_is_created_read_found_and_removed(agency: Any, firm: Any) -> None:
    """SCIM-7644-3.3-create, SCIM-7644-3.6-delete, SCIM-7643-schemas."""
    for tenant in (agency, firm):
        name = f"wang.{'staff' if tenant.is_agency else 'member'}"
        created = tenant.create(name, externalId="E-1", emails=[{"value": "w@example.cn"}])
        member = created["id"]
        assert created["meta"]["location"].endswith(f"/scim/v2/Users/{member}")
        assert created["active"] is True
        assert created["emails"] == [{"value": "w@example.cn"}]
        assert "idNumber" not in str(created)

        read = tenant.call("GET", f"/Users/{member}")
        assert read.status_code == 200
        assert read.headers["ETag"] == created["meta"]["version"]
        assert read.headers["Content-Type"] == "application/scim+json"
        assert tenant.names(filter=f'userName eq "{name.upper()}"') == [name]

        assert tenant.call("DELETE", f"/Users/{member}").status_code == 204
        gone = tenant.call("GET", f"/Users/{member}")
        assert gone.status_code == 404
        assert gone.get_json()["status"] == "404"
        assert tenant.page()["totalResults"] == 0


def test_an_address_of_a_blocked_mail_domain_is_taken_neither_at_first_nor_later(agency: Any, services: Any) -> None:
    """What a member has already stays, and the rest of it can still be changed."""
    old, other = agency.create("old", emails=[{"value": "w@thrown.example"}]), agency.create("other")
    draft = services.block_changes.draft("block", "mail_domain", "thrown.example", 1)
    services.blocks.add(draft, actor="system", reason="thrown away after use")
    created = agency.call("POST", "/Users", agency.user("new", emails=[{"value": "n@thrown.example"}]))
    change = {"op": "replace", "path": "emails", "value": [{"value": "o@mail.thrown.example"}]}
    for refused in (created, agency.patch(other["id"], change)):
        assert (refused.status_code, refused.get_json()["scimType"]) == (400, "invalidValue")
        assert "domain" in refused.get_json()["detail"]
    assert agency.patch(old["id"], {"op": "replace", "path": "externalId", "value": "E-2"}).status_code == 204
    assert sorted(agency.names()) == ["old", "other"]


def test_a_username_is_taken_once_even_by_another_tenant(agency: Any, firm: Any) -> None:
    """SCIM-7644-3.3-create."""
    agency.create("zhao.liu")
    refused = firm.call("POST", "/Users", firm.user("zhao.liu"))
    assert (refused.status_code, refused.get_json()["scimType"]) == (409, "uniqueness")


def test_who_somebody_is_does_not_change_and_a_bad_operation_undoes_the_others(agency: Any) -> None:
    """SCIM-7644-3.5.2-patch: atomic; a readOnly or immutable attribute is refused."""
    member = agency.create("li.si", externalId="E-1")["id"]
    refused = agency.patch(
        member,
        {"op": "replace", "path": "externalId", "value": "E-2"},
        {"op": "replace", "path": "userName", "value": "somebody.else"},
    )
    assert (refused.status_code, refused.get_json()["scimType"]) == (400, "mutability")
    assert agency.call("GET", f"/Users/{member}").get_json()["externalId"] == "E-1"
    given = {"op": "replace", "path": "name.givenName", "value": "五"}
    whole = {"op": "replace", "path": "name", "value": {"formatted": "王五"}}
    for operation in (given, whole, {"op": "remove", "path": "name"}):
        assert agency.patch(member, operation).status_code == 400
    assert agency.call("GET", f"/Users/{member}").get_json()["name"]["formatted"] == "李四"
    renamed = agency.user("li.si", name={"formatted": "王五"})
    assert agency.call("PUT", f"/Users/{member}", renamed).get_json()["scimType"] == "mutability"
    another = agency.user("LI.SI", name={"formatted": "李四"})
    assert agency.call("PUT", f"/Users/{member}", another).get_json()["scimType"] == "mutability"  # another ID number


def test_no_password_role_or_level_is_set(agency: Any, services: Any) -> None:
    """Rule A7."""
    member = agency.create("qian.qi", password="quiet-lantern-harbour-71", roles=[{"value": "auditor"}], ial=3)
    assert not {"password", "roles", "ial"} & set(member)
    account = services.accounts.find_for_sign_in("qian.qi")
    view = services.accounts.get(account.id)
    assert (view.roles, view.ial, view.agency) == ((), 1, "tax-bureau")
    assert services.factors.enrolled(account.id).authenticators == ()


def test_contacts_may_be_replaced(agency: Any) -> None:
    member = agency.create("sun.ba", emails=[{"value": "a@example.cn"}])["id"]
    changed = agency.patch(
        member,
        {"op": "replace", "path": "emails", "value": [{"value": "b@example.cn"}]},
        {"op": "add", "path": "phoneNumbers", "value": [{"value": "+8613800001234"}]},
    )
    assert changed.status_code == 204
    assert agency.names(filter='emails eq "A@example.cn"') == []
    assert agency.names(filter='emails.value eq "b@example.cn" and phoneNumbers pr') == ["sun.ba"]
    refused = agency.patch(member, {"op": "replace", "path": "emails", "value": [{"value": "b@example"}]})
    assert refused.get_json()["scimType"] == "invalidValue"


def test_an_etag_guards_a_change(agency: Any) -> None:
    """SCIM-7644-3.14-etag."""
    created = agency.create("zhou.jiu")
    member, version = created["id"], created["meta"]["version"]
    assert agency.call("GET", f"/Users/{member}", If_None_Match=version).status_code == 304
    change = {"op": "replace", "path": "externalId", "value": "E-9"}
    assert agency.patch(member, change, If_Match=version).status_code == 204
    assert agency.patch(member, change, If_Match=version).status_code == 412
    assert agency.call("DELETE", f"/Users/{member}", If_Match=version).status_code == 412
    assert agency.call("GET", f"/Users/{member}").get_json()["externalId"] == "E-9"


def test_of_two_changes_that_name_one_version_one_wins(agency: Any) -> None:
    """SCIM-7644-3.14-etag, with real threads."""
    created = agency.create("wu.shi")

    def change(text: str) -> int:
        operation = {"op": "replace", "path": "externalId", "value": text}
        status: int = agency.patch(created["id"], operation, If_Match=created["meta"]["version"]).status_code
        return status

    statuses = together([lambda text=text: change(text) for text in ("first", "second", "third")])
    assert sorted(statuses) == [204, 412, 412]


def test_bulk_is_bounded_and_one_failure_leaves_the_others(agency: Any) -> None:
    """RFC 7644 §3.7."""
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": agency.user("bulk.a")},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": agency.user("bulk.a")},
        {"method": "PATCH", "path": "/Users/bulkId:a", "data": _deactivation()},
    ]
    answer = agency.call("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})
    assert [entry["status"] for entry in answer.get_json()["Operations"]] == ["201", "409", "200"]
    assert agency.names(filter="active eq false") == ["bulk.a"]

    many = [{"method": "DELETE", "path": "/Users/nobody"}] * 101
    assert agency.call("POST", "/Bulk", {"schemas": [BULK], "Operations": many}).status_code == 413
    stopped = {"schemas": [BULK], "failOnErrors": 1, "Operations": many[:5]}
    assert len(agency.call("POST", "/Bulk", stopped).get_json()["Operations"]) == 1
    large = agency.call("POST", "/Bulk", {"schemas": [BULK], "Operations": [], "filler": "x" * 70_000})
    assert (large.status_code, large.get_json()["status"]) == (413, "413")


def _deactivation() -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]}
