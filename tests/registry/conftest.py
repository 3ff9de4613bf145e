"""A registry on the test's own database; wiring is not needed for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.audit.service import Audit
from idp.foundation.database import Database
from idp.registry.service import Registry
from tests.factories.registrations import tax

SANDBOX = {"IDP_ENVIRONMENT": "sandbox", "IDP_ISSUER": "https://id.gov.example"}
PRODUCTION = {"IDP_ENVIRONMENT": "production", "IDP_ISSUER": "https://id.gov.example"}


def tax_in_sandbox(**changes: Any) -> dict[str, Any]:
    """The registration of the tax site for a deployment where officers approve, one of them."""
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
