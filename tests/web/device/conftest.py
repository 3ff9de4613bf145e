"""The people and sites of the protocol's own tests, and a television that asks for codes."""

from typing import Any

import pytest

from tests.protocol.conftest import citizen, tax, visitor, visitor_of, welfare
from tests.support.relying_party import RelyingParty

__all__ = ["citizen", "tax", "visitor", "visitor_of", "welfare"]

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Television:
    """A device: it asks for its codes, shows them and polls."""

    def __init__(self, site: Any) -> None:
        self.site = site
        self.codes: dict[str, Any] = {}

    def ask(self, **changes: str | None) -> Any:
        response = self.site.post("/device_authorization", **({"scope": "openid profile"} | changes))
        self.codes = response.get_json()
        return response

    def poll(self, **changes: str | None) -> Any:
        return self.site.token(**({"grant_type": DEVICE, "device_code": self.codes.get("device_code")} | changes))


@pytest.fixture
def new_television(app, issuer, registration_factory):
    """Register a public client on a television, which cannot keep a secret and has no browser: changes as for sites."""

    def make(client_id: str = "television", **changes: Any) -> Television:
        registration = {
            "application_type": "native",
            "token_endpoint_auth_method": "none",
            "grant_types": [DEVICE, "refresh_token"],
            "redirect_uris": [],
            "response_types": [],
            "backchannel_logout_uri": None,
            "post_logout_redirect_uris": [],
            "scope": "openid profile phone offline_access",
        }
        site = registration_factory(client_id, **(registration | changes))
        return Television(RelyingParty(app, issuer, site.client_id, site.client_secret, ""))

    return make


@pytest.fixture
def television(new_television):
    return new_television()
