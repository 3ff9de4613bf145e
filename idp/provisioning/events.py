"""Audit events of provisioning. They name the tenant and the resource and hold no personal value."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Event


@dataclass(frozen=True, kw_only=True)
class MemberProvisioned(Event):
    action: ClassVar[str] = "provisioning.create"

    tenant: str
    member: str


@dataclass(frozen=True, kw_only=True)
class MemberChanged(Event):
    """The tenant's own identifier of a member changed."""

    action: ClassVar[str] = "provisioning.change"

    tenant: str
    member: str


@dataclass(frozen=True, kw_only=True)
class MemberDeactivated(Event):
    """A membership, or a staff account's access, was ended; its sessions and tokens with it."""

    action: ClassVar[str] = "provisioning.deactivate"

    tenant: str
    member: str


@dataclass(frozen=True, kw_only=True)
class MemberReactivated(Event):
    action: ClassVar[str] = "provisioning.reactivate"

    tenant: str
    member: str


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(Event):
    action: ClassVar[str] = "provisioning.delete"

    tenant: str
    member: str
