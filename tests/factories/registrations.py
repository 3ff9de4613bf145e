"""Department sites as the registry knows them: ``site = registration_factory("welfare", policy={...})``."""

import copy
from dataclasses import dataclass
from typing import Any

_TAX: dict[str, Any] = {
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


@dataclass(frozen=True, slots=True)
class Site:
    """A registered site and what its operator knows."""

    client_id: str
    client_secret: str | None
    registration: dict[str, Any]

    @property
    def redirect_uri(self) -> str:
        uri: str = self.registration["redirect_uris"][0]
        return uri


class RegistrationFactory:
    """Registers sites in the deployment of ``services``."""

    def __init__(self, services: Any) -> None:
        self._services = services

    def __call__(self, client_id: str = "tax", **changes: Any) -> Site:
        """Apply the tax site's registration with changes: ``policy`` is merged, None removes a member."""
        registration = registration_of(client_id, **changes)
        outcome = self._services.registry.apply(registration, actor="command:test")
        problems = getattr(outcome, "problems", ())
        assert not problems, f"the registration of {client_id} was refused: {problems}"
        secret = registration.get("client_secret")
        if outcome.new_secret is not None:
            secret = outcome.new_secret.reveal()
        return Site(client_id, secret, registration)


def registration_of(client_id: str = "tax", **changes: Any) -> dict[str, Any]:
    """Return a registration; a site other than tax gets a name, an agency and a sector of its own."""
    if client_id == "tax":
        return tax(**changes)
    own = {"agency": f"{client_id}-bureau", "sector": f"{client_id}-bureau"}
    named = {"client_id": client_id, "client_name": client_id, "client_name#en": client_id}
    return tax(**named | changes | {"policy": own | changes.pop("policy", {})})


def tax(**changes: Any) -> dict[str, Any]:
    """Return the registration of the tax site, with changes; ``policy`` is merged, None removes."""
    registration = copy.deepcopy(_TAX)
    policy = registration["policy"] | changes.pop("policy", {})
    registration |= changes
    registration["policy"] = {name: value for name, value in policy.items() if value is not None}
    return {name: value for name, value in registration.items() if value is not None}
