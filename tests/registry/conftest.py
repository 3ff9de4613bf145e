"""A registry on the test's own database; wiring is not needed for it."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.audit.service import Audit
from idp.foundation.database import Database
from idp.registry.service import Registry

TAX: dict[str, Any] = {
    "client_id": "tax",
    "client_name": "税务局网上办税",
    "client_name#en": "Tax Online",
    "redirect_uris": ["http://localhost:8001/callback"],
    "post_logout_redirect_uris": ["http://localhost:8001/"],
    "backchannel_logout_uri": "http://localhost:8001/backchannel-logout",
    "token_endpoint_auth_method": "client_secret_basic",
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid profile phone",
    "subject_type": "pairwise",
    "policy": {
        "profile": "standard",
        "agency": "tax-bureau",
        "environment": "development",
        "sector": "tax-bureau",
        "account_kinds": ["citizen", "enterprise"],
        "min_acr": "urn:idp:acr:aal1",
        "consent": "required",
    },
}
SANDBOX = {"IDP_ENVIRONMENT": "sandbox", "IDP_ISSUER": "https://id.gov.example"}
PRODUCTION = {"IDP_ENVIRONMENT": "production", "IDP_ISSUER": "https://id.gov.example"}


def tax(**changes: Any) -> dict[str, Any]:
    """The registration of the tax site, with changes; ``policy`` is merged, None removes."""
    registration = copy.deepcopy(TAX)
    policy = registration["policy"] | changes.pop("policy", {})
    registration |= changes
    registration["policy"] = {name: value for name, value in policy.items() if value is not None}
    return {name: value for name, value in registration.items() if value is not None}


def tax_in_sandbox(**changes: Any) -> dict[str, Any]:
    """The same for a deployment where officers approve, one of them."""
    policy = {"environment": "sandbox"} | changes.pop("policy", {})
    return tax_in_production(**changes, policy=policy)


def tax_in_production(**changes: Any) -> dict[str, Any]:
    """The same for a deployment that people rely on."""
    policy = {"environment": "production"} | changes.pop("policy", {})
    addresses = {
        "redirect_uris": ["https://tax.gov.example/callback"],
        "post_logout_redirect_uris": ["https://tax.gov.example/"],
        "backchannel_logout_uri": "https://tax.gov.example/backchannel-logout",
    }
    return tax(**(addresses | changes), policy=policy)


@pytest.fixture
def new_registry(settings: Any, clock: Any, entropy: Any) -> Iterator[Callable[[], Registry]]:
    """Make registries as other processes would: each with connections and a cache of its own."""
    databases: list[Database] = []

    def make() -> Registry:
        databases.append(Database(settings.database_url))
        return Registry(databases[-1], clock, entropy, Audit(databases[-1], clock, entropy), settings)

    yield make
    for database in databases:
        database.dispose()


@pytest.fixture
def registry(new_registry: Callable[[], Registry]) -> Registry:
    return new_registry()
