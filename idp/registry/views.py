"""What the registry shows to commands and staff, and what its use cases answer. A new secret in it is masked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from idp.foundation.masked import Masked
from idp.registry.lint import Finding
from idp.registry.models import OPEN
from idp.registry.rules import Problem

_ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Change:
    """One member that differs. None means that it was, or will be, absent."""

    member: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done, and why."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A registration file was read in.

    ``status`` is published, draft or unchanged; ``new_secret`` is shown once, to whoever asked.
    """

    client_id: str
    is_new: bool
    status: str
    version: int
    changes: tuple[Change, ...]
    new_secret: Masked | None = None


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A client's state after suspending, resuming or approving it."""

    client_id: str
    state: str
    version: int | None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretIssued:
    """A new secret, to be shown once, and when the older one ends."""

    client_id: str
    secret: Masked
    old_secret_ends: datetime | None


@dataclass(frozen=True, slots=True)
class Approval:
    """What officers said yes to: one version with one content. ``approvals`` is the number of the last yes."""

    request_id: UUID
    approvals: int
    version: int
    content_digest: str


@dataclass(frozen=True, slots=True)
class ClientGlance:
    """As much of a client as a page needs that only speaks of it."""

    client_id: str
    client_name: str
    client_name_en: str
    agency: str

    def name_in(self, locale: str) -> str:
        """Return the name to display in a locale."""
        return self.client_name_en if locale == _ENGLISH else self.client_name


@dataclass(frozen=True, slots=True)
class ClientSummary(ClientGlance):
    """A line of the list of clients. ``ends_at`` is when the first of its live secrets ends."""

    environment: str
    state: str
    profile: str
    published_version: int | None
    draft_version: int | None
    is_demonstration: bool
    created_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SecretSummary:
    """A live secret as it is listed: never the secret."""

    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A version as it is listed. ``content_digest`` is what officers approve."""

    number: int
    status: str
    base_version: int | None
    author: str
    created_at: datetime
    published_at: datetime | None
    content_digest: str
    change_request_id: UUID | None

    @property
    def is_open(self) -> bool:
        """Whether it waits to be put into force."""
        return self.status in OPEN


@dataclass(frozen=True, slots=True)
class Comparison:
    """A version beside another: the one in force, or the one it was written upon. ``against`` is None for nothing."""

    version: VersionSummary
    content: dict[str, Any]
    against: int | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ClientDetail:
    """Everything that may be shown of a client."""

    client_id: str
    agency: str
    environment: str
    state: str
    not_before: datetime | None
    is_demonstration: bool
    created_at: datetime
    published_version: int | None
    content: dict[str, Any] | None
    draft: dict[str, Any] | None
    pending_changes: tuple[Change, ...]
    versions: tuple[VersionSummary, ...]
    live_secrets: int
    secrets: tuple[SecretSummary, ...]
    findings: tuple[Finding, ...]


def differences(before: dict[str, Any] | None, after: dict[str, Any]) -> tuple[Change, ...]:
    """Return what differs between two contents, member by member, those of the policy as ``policy.<name>``."""
    old, new = _flat(before or {}), _flat(after)
    names = sorted(old.keys() | new.keys())
    return tuple(Change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def _flat(content: dict[str, Any]) -> dict[str, Any]:
    policy = {f"policy.{name}": value for name, value in content.get("policy", {}).items()}
    return {name: value for name, value in content.items() if name != "policy"} | policy
