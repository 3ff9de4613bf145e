"""An authorization request while it is being checked (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).

The checks fill it in running order. Until ``redirect_uri`` is set nothing may be redirected: errors are a page of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from idp.foundation.clock import Clock
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.protocol.artefacts.pushed_request import PushedRequest, PushedRequests
from idp.protocol.authorization_details import Detail
from idp.protocol.claims import SCOPE_CLAIMS, ClaimsRequest, claims_of_scopes
from idp.protocol.client_auth.client_keys import ClientKeys
from idp.protocol.tokens.encryption import Encryptor
from idp.registry.client import Client
from idp.registry.service import Registry

# The sign-in page says why it asks again.
_SHOWN = ("prompt",)


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What checks may ask."""

    settings: Settings
    registry: Registry
    keyring: Keyring
    clock: Clock
    pushed: PushedRequests
    client_keys: ClientKeys
    encryptor: Encryptor


@dataclass(slots=True)
class AuthorizationRequest:
    """The request, as far as it is understood.

    ``parameters`` is what the client asks, each name once, none empty; ``sent`` is how it came, perhaps as a reference
    or an object that stands for them. ``opened_at`` is when a request that is being resumed began;
    ``services`` are those of the resources that others serve.
    """

    parameters: Mapping[str, str] = field(repr=False)
    opened_at: datetime | None = None
    is_at_par: bool = False
    sent: Mapping[str, str] = field(init=False, repr=False)
    pushed: PushedRequest | None = None
    known_client: Client | None = None
    redirect_uri: str | None = None
    response_mode: str = "query"
    scopes: frozenset[str] = frozenset()
    claims: ClaimsRequest = field(default_factory=ClaimsRequest)
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    acr_needed: str = ""
    hinted_sub: str | None = None
    resources: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    details: list[Detail] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sent = self.parameters

    def use_pushed(self, reference: str, pushed: PushedRequest) -> None:
        """Take the parameters that were pushed. What the pages of ours look at goes along with the reference."""
        shown = {name: pushed.parameters[name] for name in _SHOWN if name in pushed.parameters}
        self.sent = {**shown, "client_id": pushed.parameters["client_id"], "request_uri": reference}
        self.parameters, self.pushed = pushed.parameters, pushed

    @property
    def client(self) -> Client:
        """The client; checks after the first may rely on it."""
        if self.known_client is None:
            raise RuntimeError("no check has found the client yet")
        return self.known_client

    @property
    def wants_offline(self) -> bool:
        return "offline_access" in self.scopes

    @property
    def claim_names(self) -> frozenset[str]:
        """Every claim this request would release."""
        return claims_of_scopes(self.scopes) | self.claims.names

    @property
    def purposes(self) -> dict[str, str]:
        """The version of each purpose that the consent page tells for what is asked."""
        claims = self.claim_names
        told = {*self.scopes, *claims, *(detail.get("purpose") for detail in self.details)}
        return {
            name: version
            for name, version in self.client.purpose_versions.items()
            if name in told or not claims.isdisjoint(SCOPE_CLAIMS.get(name, ()))
        }

    def get(self, name: str) -> str | None:
        """Return a parameter, None if it was left out."""
        return self.parameters.get(name)
