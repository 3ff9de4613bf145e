"""What accounts tell of themselves: to the sign-in, and to pages and commands, where personal values are masked."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from idp.accounts.claims import AnyRow, Profile
from idp.accounts.kinds import KINDS_BY_NAME
from idp.accounts.kinds.kind import Kind
from idp.foundation.masked import Masked


@dataclass(frozen=True, slots=True)
class SignInAccount:
    """An account that somebody names at sign-in. ``is_admitted`` False must look like a wrong password (rule S4)."""

    id: UUID
    kind: str
    username: str = field(repr=False)
    is_locked: bool
    is_admitted: bool
    preferred_language: str | None
    environment: str
    is_demonstration: bool
    credentials_changed_at: datetime
    must_renew: bool

    @property
    def rules(self) -> Kind:
        """What the kind of this account decides: its factors and its sessions."""
        return KINDS_BY_NAME[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account as its owner's pages and the command line show it: nothing here says more than a mask allows."""

    id: UUID
    natural_person_id: UUID
    kind: str
    username: str = field(repr=False)
    masked_name: str | None
    masked_id_number: str | None
    masked_phone: str | None
    masked_email: str | None
    phone_verified: bool
    email_verified: bool
    ial: int
    ial_source: str
    environment: str
    is_demonstration: bool
    preferred_language: str | None
    roles: tuple[str, ...]
    agency: str | None
    created_at: datetime
    updated_at: datetime
    credentials_changed_at: datetime
    locked_at: datetime | None
    lock_reason: str | None = field(repr=False)
    closed_at: datetime | None

    @property
    def is_live(self) -> bool:
        """Neither locked nor closed."""
        return self.locked_at is None and self.closed_at is None

    @property
    def rules(self) -> Kind:
        """What the kind of this account decides: its factors and its sessions."""
        return KINDS_BY_NAME[self.kind]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where the holder of an account gets notices, and in which language, if they have said so."""

    address: Masked
    preferred_language: str | None


@dataclass(frozen=True, slots=True)
class MembershipView:
    """An organization that an account may act for now."""

    id: UUID
    organization_id: UUID
    kind: str
    code: str
    name: str
    name_en: str | None
    role: str
    started_at: datetime


def account_view(row: AnyRow, profile: Profile) -> AccountView:
    """Return the view of a row of ``account`` and the profile of the same."""
    return AccountView(
        id=row["id"],
        natural_person_id=row["natural_person_id"],
        kind=row["kind"],
        username=row["username"],
        masked_name=profile.masked("legal_name"),
        masked_id_number=profile.masked("id_number"),
        masked_phone=profile.masked("phone"),
        masked_email=profile.masked("email"),
        phone_verified=row["phone_verified"],
        email_verified=row["email_verified"],
        ial=profile.ial(),
        ial_source=profile.plain("ial_source"),
        environment=row["environment"],
        is_demonstration=row["is_demonstration"],
        preferred_language=row["preferred_language"],
        roles=tuple(row["roles"]),
        agency=row["agency"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        credentials_changed_at=row["credentials_changed_at"],
        locked_at=row["locked_at"],
        lock_reason=row["lock_reason"],
        closed_at=row["closed_at"],
    )
