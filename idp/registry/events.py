"""What the registry writes into the audit record: names of changed members, their values stand in the versions."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Event


@dataclass(frozen=True, kw_only=True)
class ClientApplied(Event):
    """A registration file was applied; ``status`` is draft or published."""

    action: ClassVar[str] = "client_applied"

    version: int
    status: str
    changed: list[str]
    content_digest: str


@dataclass(frozen=True, kw_only=True)
class ClientApproved(Event):
    """A draft was put into force."""

    action: ClassVar[str] = "client_approved"

    version: int
    author: str
    content_digest: str


@dataclass(frozen=True, kw_only=True)
class ClientSuspended(Event):
    """A client was stopped; what it held no longer works."""

    action: ClassVar[str] = "client_suspended"


@dataclass(frozen=True, kw_only=True)
class ClientResumed(Event):
    """A stopped client may ask for sign-ins again."""

    action: ClassVar[str] = "client_resumed"


@dataclass(frozen=True, kw_only=True)
class ClientSecretIssued(Event):
    """A client got a new secret; the older one ends at ``old_secret_ends`` (ISO 8601), if there was one."""

    action: ClassVar[str] = "client_secret_issued"

    old_secret_ends: str | None = None


@dataclass(frozen=True, kw_only=True)
class InitialTokenIssued(Event):
    """Staff allowed an agency to register clients by itself."""

    action: ClassVar[str] = "client_initial_token_issued"

    agency: str
    profile: str
    uses: int
    expires_at: str


@dataclass(frozen=True, kw_only=True)
class ClientRegistered(Event):
    """A client registered itself with an initial access token."""

    action: ClassVar[str] = "client_registered"

    version: int
    status: str
    initial_token: str


@dataclass(frozen=True, kw_only=True)
class ClientDeregistered(Event):
    """A client that had registered itself asked to be forgotten; nothing of it works any more."""

    action: ClassVar[str] = "client_deregistered"
