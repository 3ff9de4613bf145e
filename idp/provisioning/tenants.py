"""The two kinds of tenant and the rows each may see (rule A7). Every statement on members begins at ``Tenant.members``.

An agency has the staff accounts that name it, an organization the memberships in it; both appear as members with an id
that no other tenant knows.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Select, false, func, or_, select, true

from idp.accounts.claims import join_claims
from idp.accounts.identifiers import parse_uscc
from idp.accounts.models import Account, Membership, NaturalPerson, Organization
from idp.accounts.organizations import NewMembership
from idp.provisioning.models import ProvisionedMember

AnySelect = Select[*tuple[Any, ...]]
_NOT_REMOVED = ProvisionedMember.deleted_at.is_(None)


@dataclass(frozen=True, slots=True)
class MemberColumns:
    """Where a member's own values stand."""

    id: Any
    created_at: Any
    is_active: Any
    shows_contacts: Any


@dataclass(frozen=True, slots=True)
class Tenant(ABC):
    """Whose members a client keeps. ``code`` is an agency's slug or an organization's credit code."""

    account_kind: ClassVar[str]
    columns: ClassVar[MemberColumns]

    code: str
    environment: str

    @abstractmethod
    def members(self) -> AnySelect:
        """Select this tenant's members, and nobody else's."""

    @abstractmethod
    def new_account(self) -> dict[str, Any]:
        """Return what makes a new account one of this tenant's."""

    def _columns(self) -> AnySelect:
        return select(
            self.columns.id.label("member_id"),
            self.columns.created_at.label("created_at"),
            self.columns.is_active.label("is_active"),
            self.columns.shows_contacts.label("shows_contacts"),
            Account.id.label("account_id"),
            NaturalPerson.id_number_digest,
            ProvisionedMember.external_id,
            ProvisionedMember.changed_at,
        ).select_from(Account)

    def _of_ours(self, columns: AnySelect) -> AnySelect:
        kept = columns.outerjoin(ProvisionedMember, ProvisionedMember.id == self.columns.id)
        return kept.where(
            Account.kind == self.account_kind,
            Account.environment == self.environment,
            Account.closed_at.is_(None),
            _NOT_REMOVED,
        )


class Agency(Tenant):
    """An agency and its staff accounts. Whether our own staff locked one is none of its business."""

    __slots__ = ()
    account_kind = "staff"
    columns = MemberColumns(Account.id, Account.created_at, Account.access_ended_at.is_(None), true())

    def members(self) -> AnySelect:
        return self._of_ours(join_claims(self._columns())).where(Account.agency == self.code)

    def new_account(self) -> dict[str, Any]:
        return {"kind": self.account_kind, "agency": self.code}


class LegalPerson(Tenant):
    """An organization and its memberships. One that somebody else ended is gone; one ended from here is inactive."""

    __slots__ = ()
    account_kind = "enterprise"
    columns = MemberColumns(
        Membership.id,
        Membership.started_at,
        Membership.ended_at.is_(None),
        func.coalesce(ProvisionedMember.opened_here, false()),
    )

    def members(self) -> AnySelect:
        columns = join_claims(self._columns().add_columns(Membership.organization_id))
        joined = columns.join(Membership, Membership.account_id == Account.id).join(
            Organization, Organization.id == Membership.organization_id
        )
        is_known = or_(Membership.ended_at.is_(None), ProvisionedMember.deactivated_at.is_not(None))
        return self._of_ours(joined).where(Organization.uscc == self.code, is_known)

    def new_account(self) -> dict[str, Any]:
        return {"kind": self.account_kind, "memberships": (NewMembership(uscc=self.code),)}


def tenant_of(code: str, *, environment: str) -> Tenant:
    """Return the tenant that ``policy.scim_tenant`` names; no slug looks like a credit code."""
    return LegalPerson(code, environment) if parse_uscc(code) == code else Agency(code, environment)
