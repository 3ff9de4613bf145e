"""What the registry writes into the audit record. Of a registration, what changed; its contacts are personal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from idp.audit.events import Changed, Event, Facts


@dataclass(frozen=True, kw_only=True)
class Members(Facts):
    """The members of a registration that a change is about, those of the policy as ``policy.<name>``."""

    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ClientState(Facts):
    """Whether a client works, and before when tokens are not accepted (ISO 8601)."""

    state: str
    not_before: str | None


@dataclass(frozen=True, kw_only=True)
class LiveSecrets(Facts):
    """How many secrets are accepted."""

    live: int


@dataclass(frozen=True, kw_only=True)
class ClientApplied(Changed):
    """A registration file was applied; ``status`` is draft or published."""

    action: ClassVar[str] = "client_applied"

    version: int
    status: str
    changed: list[str]
    content_digest: str
    before: Members | None
    after: Members


@dataclass(frozen=True, kw_only=True)
class ClientApproved(Changed):
    """A draft was put into force."""

    action: ClassVar[str] = "client_approved"

    version: int
    author: str
    content_digest: str
    before: Members | None
    after: Members


@dataclass(frozen=True, kw_only=True)
class ClientStateChanged(Changed):
    before: ClientState
    after: ClientState


@dataclass(frozen=True, kw_only=True)
class ClientSuspended(ClientStateChanged):
    """A client was stopped; what it held no longer works."""

    action: ClassVar[str] = "client_suspended"


@dataclass(frozen=True, kw_only=True)
class ClientResumed(ClientStateChanged):
    """A stopped client may ask for sign-ins again."""

    action: ClassVar[str] = "client_resumed"


@dataclass(frozen=True, kw_only=True)
class ClientSecretIssued(Changed):
    """A client got a new secret; the older one ends at ``old_secret_ends`` (ISO 8601), if there was one."""

    action: ClassVar[str] = "client_secret_issued"

    old_secret_ends: str | None = None
    before: LiveSecrets
    after: LiveSecrets


@dataclass(frozen=True, kw_only=True)
class InitialTokenIssued(Event):
    """Staff allowed an agency to register clients by itself."""

    action: ClassVar[str] = "client_initial_token_issued"

    agency: str
    profile: str
    uses: int
    expires_at: str
    initial_token: str


@dataclass(frozen=True, kw_only=True)
class InitialTokenState(Facts):
    """How many clients may still be registered with a token."""

    uses_left: int


@dataclass(frozen=True, kw_only=True)
class InitialTokenRevoked(Changed):
    """Staff took the permission of an agency back before its end. What was registered with it stays."""

    action: ClassVar[str] = "client_initial_token_revoked"

    before: InitialTokenState
    after: InitialTokenState | None = None

    agency: str
    initial_token: str


@dataclass(frozen=True, kw_only=True)
class ClientRegistered(Event):
    """A client registered itself with an initial access token."""

    action: ClassVar[str] = "client_registered"

    version: int
    status: str
    initial_token: str


@dataclass(frozen=True, kw_only=True)
class ClientDeregistered(Changed):
    """A client that had registered itself asked to be forgotten; nothing of it works any more."""

    action: ClassVar[str] = "client_deregistered"

    before: ClientState
    after: None = None
