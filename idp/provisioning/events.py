"""Audit events of provisioning. They name the tenant and the member and hold no personal value."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Event


@dataclass(frozen=True, kw_only=True)
class MemberEvent(Event):
    """Something happened to a member of a tenant."""

    tenant: str
    member: str


@dataclass(frozen=True, kw_only=True)
class MemberProvisioned(MemberEvent):
    action: ClassVar[str] = "provisioning.create"


@dataclass(frozen=True, kw_only=True)
class MemberChanged(MemberEvent):
    """The tenant's own identifier of a member changed."""

    action: ClassVar[str] = "provisioning.change"


@dataclass(frozen=True, kw_only=True)
class MemberDeactivated(MemberEvent):
    """A membership, or a staff account's access, was ended; its sessions and tokens with it."""

    action: ClassVar[str] = "provisioning.deactivate"


@dataclass(frozen=True, kw_only=True)
class MemberReactivated(MemberEvent):
    action: ClassVar[str] = "provisioning.reactivate"


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(MemberEvent):
    action: ClassVar[str] = "provisioning.delete"
