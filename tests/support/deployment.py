"""The settings and services of one test: a whole deployment with its own database, keys, clock and randomness."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ISSUER = "http://localhost:8000"

# Hashes are as cheap as the settings allow, because hundreds of tests sign in. test_settings covers the real defaults.
_CHEAP = {"IDP_PASSWORD_MEMORY_KIB": "8192", "IDP_PASSWORD_ITERATIONS": "1"}


def environment(database_url: str, keys_dir: Path, issuer: str, changes: Mapping[str, str]) -> dict[str, str]:
    """Return the IDP_ variables of a test's deployment; ``changes`` win."""
    return {
        "IDP_ENVIRONMENT": "development",
        "IDP_ISSUER": issuer,
        "IDP_DATABASE_URL": database_url,
        "IDP_KEYS_DIR": str(keys_dir),
        **_CHEAP,
        **changes,
    }


def services_of(settings: Any, clock: Any, entropy: Any) -> Any:
    """Put the services together as the product does."""
    return importlib.import_module("idp.wiring").build_services(settings, clock=clock, entropy=entropy)
