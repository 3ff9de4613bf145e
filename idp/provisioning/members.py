"""A tenant's members: found, listed and changed, with everything that hangs on a change in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, func, select, true, update

from idp.accounts.claims import Profile, profile_of
from idp.accounts.draft import NewAccount
from idp.accounts.models import Account
from idp.accounts.service import Accounts
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.columns import microseconds
from idp.foundation.database import Database
from idp.foundation.digests import b64url, sha256
from idp.foundation.masked import Masked
from idp.keyring.service import Keyring
from idp.provisioning.events import (
    MemberChanged,
    MemberDeactivated,
    MemberEvent,
    MemberProvisioned,
    MemberReactivated,
    MemberRemoved,
    MemberState,
)
from idp.provisioning.models import ProvisionedMember
from idp.provisioning.tenants import Tenant
from idp.sessions.service import Sessions
from idp.sessions.values import Selector
from idp.staff.service import Staff

_ENDED: Final = "membership_ended"


@dataclass(frozen=True, slots=True)
class Parts:
    """What keeping members works with."""

    database: Database
    clock: Clock
    audit: Audit
    keyring: Keyring
    accounts: Accounts
    sessions: Sessions
    staff: Staff


@dataclass(frozen=True, slots=True)
class Member:
    """A member as its tenant sees it. ``organization_id`` is None for staff."""

    id: UUID
    account_id: UUID
    organization_id: UUID | None
    external_id: str | None = field(repr=False)
    is_active: bool
    created_at: datetime
    changed_at: datetime
    id_number_digest: bytes | None = field(repr=False)
    shows_contacts: bool
    profile: Profile

    @property
    def email(self) -> str | None:
        return self.profile.text("email") if self.shows_contacts else None

    @property
    def phone(self) -> str | None:
        return self.profile.text("phone") if self.shows_contacts else None

    @property
    def version(self) -> str:
        """Return what differs whenever anything that the tenant sees of the member differs."""
        moments = (self.changed_at, self.profile.plain("account_updated_at"), self.profile.plain("person_updated_at"))
        seen = [self.external_id, self.is_active, *(microseconds(moment) for moment in moments)]
        return b64url(sha256(repr(seen)))[:22]


class MemberUnknown(Exception):
    """The tenant has no such member; perhaps another one has."""


class MemberHeld(Exception):
    """This is not the tenant's to change: there is a newer membership, or the account came from elsewhere."""


class MemberIsOfficer(Exception):
    """Alarms go to the addresses of whoever has a power: another officer changes them, with a reason."""


class Members:
    """The members of one tenant, kept by one client."""

    def __init__(self, parts: Parts, tenant: Tenant, *, actor: str, client_id: str) -> None:
        self._parts = parts
        self._tenant = tenant
        self._actor = actor
        self._client_id = client_id

    def get(self, member_id: UUID, *, for_change: bool) -> Member:
        """Return a member, held until the transaction ends if it is to be changed. Raises MemberUnknown."""
        statement = self._tenant.members().where(self._tenant.columns.id == member_id)
        if for_change:
            statement = statement.with_for_update(of=Account)
        with self._parts.database.read() as connection:
            row = connection.execute(statement).mappings().one_or_none()
        if row is None:
            raise MemberUnknown
        return self._member(row)

    def find(
        self, condition: ColumnElement[bool] | None, order: Sequence[ColumnElement[Any]], *, offset: int, limit: int
    ) -> tuple[int, list[Member]]:
        """Return how many members fulfil a condition, and one page of them."""
        found = self._tenant.members().where(true() if condition is None else condition)
        page = found.order_by(*order, self._tenant.columns.id).offset(offset).limit(limit)
        count = select(func.count()).select_from(found.with_only_columns(self._tenant.columns.id).subquery())
        with self._parts.database.read() as connection:
            total: int = connection.scalar(count) or 0
            rows = connection.execute(page).mappings().all() if limit and offset < total else ()
        return total, [self._member(row) for row in rows]

    def create(self, new: NewAccount, external_id: str | None) -> Member:
        """Open an account for a new member. Raises AccountRefused."""
        parts = self._parts
        with parts.database.transaction() as connection:
            account_id = parts.accounts.create(new, actor=self._actor)
            of_account = self._tenant.members().with_only_columns(self._tenant.columns.id)
            member_id: UUID = connection.execute(of_account.where(Account.id == account_id)).scalar_one()
            self._note(member_id, opened_here=True, external_id=external_id)
            member = self.get(member_id, for_change=True)
            self._record(MemberProvisioned, member, None, _state(member))
        return member

    def set_external_id(self, member: Member, external_id: str | None) -> None:
        """Change the tenant's own identifier of a member."""
        if external_id != member.external_id:
            self._note(member.id, external_id=external_id)
            after = _state(replace(member, external_id=external_id))
            self._record(MemberChanged, member, _state(member), after)

    def set_contacts(self, member: Member, *, email: str | None, phone: str | None) -> None:
        """Replace the contacts of a member. Raises AccountRefused, MemberHeld for an account opened elsewhere, and
        MemberIsOfficer.
        """
        if (email, phone) == (member.email, member.phone):
            return
        if not member.shows_contacts:
            raise MemberHeld
        if self._parts.staff.officer(member.account_id) is not None:
            raise MemberIsOfficer
        self._parts.accounts.set_contacts(member.account_id, email=email, phone=phone, actor=self._actor)
        self._note(member.id)

    def deactivate(self, member: Member) -> None:
        """End the membership, or the staff account's access, and at once what hangs on it."""
        if self._end(member):
            self._note(member.id, deactivated_at=self._parts.clock.now())
            self._record(MemberDeactivated, member, _state(member), _state(replace(member, is_active=False)))

    def reactivate(self, member: Member) -> None:
        """Take back a deactivation. Raises MemberHeld."""
        accounts = self._parts.accounts
        if member.organization_id is None:
            accounts.restore_access(member.account_id, self._actor)
        elif not accounts.resume_membership(member.id):
            raise MemberHeld
        self._note(member.id, deactivated_at=None)
        self._record(MemberReactivated, member, _state(member), _state(replace(member, is_active=True)))

    def remove(self, member: Member) -> None:
        """End what the member has here for good. The account itself stays: nobody else gets its name."""
        self._end(member)
        self._note(member.id, deleted_at=self._parts.clock.now())
        self._record(MemberRemoved, member, _state(member), None)

    def _end(self, member: Member) -> bool:
        accounts = self._parts.accounts
        if member.organization_id is None:
            is_new = accounts.end_access(member.account_id, self._actor)
        else:
            is_new = accounts.end_membership(member.id)
        selector = Selector(account_id=member.account_id, organization_id=member.organization_id)
        self._parts.sessions.terminate(selector, reason=_ENDED, actor=self._actor)
        return is_new

    def _note(self, member_id: UUID, **values: Any) -> None:
        """Write what provisioning itself knows of a member."""
        now = self._parts.clock.now()
        row = {"id": member_id, "opened_here": False, "changed_at": now} | values
        with self._parts.database.transaction() as connection:
            self._parts.database.insert_if_new(ProvisionedMember, row)
            statement = update(ProvisionedMember).where(ProvisionedMember.id == member_id)
            connection.execute(statement.values(changed_at=now, **values))

    def _record(
        self, event: type[MemberEvent], member: Member, before: MemberState | None, after: MemberState | None
    ) -> None:
        self._parts.audit.record(
            event(
                actor=self._actor,
                client_id=self._client_id,
                account_id=member.account_id,
                tenant=self._tenant.code,
                member=str(member.id),
                before=before,
                after=after,
            )
        )

    def _member(self, row: RowMapping) -> Member:
        return Member(
            id=row["member_id"],
            account_id=row["account_id"],
            organization_id=row.get("organization_id"),
            external_id=row["external_id"],
            is_active=row["is_active"],
            created_at=row["created_at"],
            changed_at=row["changed_at"] or row["created_at"],
            id_number_digest=row["id_number_digest"],
            shows_contacts=bool(row["shows_contacts"]),
            profile=profile_of(row, self._parts.keyring, self._parts.clock.now()),
        )


def _state(member: Member) -> MemberState:
    return MemberState(
        is_active=member.is_active,
        external_id=None if member.external_id is None else Masked(member.external_id),
    )
