"""SCIM users over HTTP: what is created, found, changed and refused (SCIM-7644)."""

from typing import Any


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
