"""A tenant's provisioning client: it has an access token of its own and speaks SCIM over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.factories import numbers
from tests.support.relying_party import RelyingParty

STAFF = "urn:idp:scim:schemas:extension:2.0:StaffMember"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
MEDIA_TYPE = "application/scim+json"


class TenantClient:
    """The client that keeps one tenant's members."""

    def __init__(self, site: RelyingParty, app: Any, tenant: str) -> None:
        self.site = site
        self.tenant = tenant
        self.is_agency = tenant.islower()
        self._http = app.test_client(use_cookies=False)
        response = site.token(grant_type="client_credentials", scope="scim")
        assert response.status_code == 200, response.text
        self.token: str = response.get_json()["access_token"]

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call an address below the root; header names are written with underscores."""
        sent = {"Authorization": f"Bearer {self.token}"} | {
            key.replace("_", "-"): text for key, text in headers.items()
        }
        content = {"json": body, "content_type": MEDIA_TYPE} if body is not None else {}
        return self._http.open(f"/scim/v2{path}", method=method, headers=sent, **content)

    def user(self, user_name: str, **changes: Any) -> dict[str, Any]:
        user = {"schemas": [USER], "userName": user_name, "name": {"formatted": "李四"}} | changes
        if self.is_agency:
            user = {"schemas": [USER, STAFF], STAFF: {"idNumber": numbers.id_number()}} | {
                key: value for key, value in user.items() if key != "schemas"
            }
        return user

    def create(self, user_name: str, **changes: Any) -> dict[str, Any]:
        response = self.call("POST", "/Users", self.user(user_name, **changes))
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.get_json()
        return created

    def patch(self, member: str, *operations: dict[str, Any], **headers: str) -> Any:
        return self.call("PATCH", f"/Users/{member}", {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def deactivate(self, member: str) -> Any:
        return self.patch(member, {"op": "replace", "path": "active", "value": False})

    def reactivate(self, member: str) -> Any:
        return self.patch(member, {"op": "replace", "path": "active", "value": True})

    def page(self, **query: Any) -> dict[str, Any]:
        response = self._http.get(
            "/scim/v2/Users", query_string=query, headers={"Authorization": f"Bearer {self.token}"}
        )
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.get_json()
        return found

    def names(self, **query: Any) -> list[str]:
        return [user["userName"] for user in self.page(**query).get("Resources", [])]


@pytest.fixture
def new_tenant(app: Any, new_relying_party: Callable[..., RelyingParty]) -> Callable[..., TenantClient]:
    def make(tenant: str, client_id: str = "people") -> TenantClient:
        grants = {"grant_types": ["client_credentials"], "scope": "scim", "redirect_uris": [], "response_types": []}
        policy = {"scim_tenant": tenant}
        members = grants | {"policy": policy, "post_logout_redirect_uris": None, "backchannel_logout_uri": None}
        made = registration(new_relying_party, client_id, members)
        return TenantClient(made, app, tenant)

    return make


def registration(
    new_relying_party: Callable[..., RelyingParty], client_id: str, members: dict[str, Any]
) -> RelyingParty:
    # The factory's sites have a redirect address, and RelyingParty reads the first.
    members = members | {"redirect_uris": ["http://localhost:8009/callback"], "response_types": ["code"]}
    members["grant_types"] = ["authorization_code", *members["grant_types"]]
    members["scope"] = "openid " + members["scope"]
    return new_relying_party(client_id, **members)


@pytest.fixture
def agency(new_tenant: Callable[..., TenantClient]) -> TenantClient:
    return new_tenant("tax-bureau")


@pytest.fixture
def firm(new_tenant: Callable[..., TenantClient]) -> TenantClient:
    return new_tenant(numbers.uscc(), "firm-people")
