"""Audit events of provisioning. They name the tenant and the member; its staff number is masked."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Changed, Facts
from idp.foundation.masked import Masked


@dataclass(frozen=True, kw_only=True)
class MemberState(Facts):
    """Whether a member has access, and the tenant's own identifier of it: a staff number says who somebody is."""

    is_active: bool
    external_id: Masked | None


@dataclass(frozen=True, kw_only=True)
class MemberEvent(Changed):
    """Something happened to a member of a tenant."""

    tenant: str
    member: str
    before: MemberState | None
    after: MemberState | None


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
