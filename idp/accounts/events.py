"""Audit events of accounts (GB/T 22239 8.1.4.3). They name accounts and decisions; numbers are masked."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Changed, Event, Facts
from idp.foundation.masked import Masked


@dataclass(frozen=True, kw_only=True)
class AccountOpened(Event):
    """An account was made, for a new human or, ``joined``, for one already known."""

    action: ClassVar[str] = "account.open"

    kind: str
    ial: int
    ial_source: str
    joined: bool = False
    is_demonstration: bool = False
    import_id: str | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class AccountState(Facts):
    """Whether anybody can sign in: ``open``, ``locked``, ``access_ended`` (by the agency) or ``closed``."""

    state: str


@dataclass(frozen=True, kw_only=True)
class AccountStateChanged(Changed):
    before: AccountState
    after: AccountState


@dataclass(frozen=True, kw_only=True)
class AccountLocked(AccountStateChanged):
    action: ClassVar[str] = "account.lock"


@dataclass(frozen=True, kw_only=True)
class AccountUnlocked(AccountStateChanged):
    action: ClassVar[str] = "account.unlock"


@dataclass(frozen=True, kw_only=True)
class AccountClosed(AccountStateChanged):
    action: ClassVar[str] = "account.close"


@dataclass(frozen=True, kw_only=True)
class Contacts(Facts):
    phone: Masked | None
    email: Masked | None


@dataclass(frozen=True, kw_only=True)
class ContactsChanged(Changed):
    """Somebody other than the person replaced the phone number or the e-mail address."""

    action: ClassVar[str] = "account.contacts"

    before: Contacts
    after: Contacts


@dataclass(frozen=True, kw_only=True)
class RestrictedUntil(Facts):
    """Until when (ISO 8601) a restriction of the event's kind keeps an account out."""

    until: str


@dataclass(frozen=True, kw_only=True)
class RestrictionChanged(Changed):
    kind: str
    before: RestrictedUntil | None
    after: RestrictedUntil | None = None


@dataclass(frozen=True, kw_only=True)
class AccountRestricted(RestrictionChanged):
    """An officer keeps an account out until a time."""

    action: ClassVar[str] = "account.restrict"


@dataclass(frozen=True, kw_only=True)
class RestrictionLifted(RestrictionChanged):
    """An officer let an account in again before the time."""

    action: ClassVar[str] = "account.unrestrict"


@dataclass(frozen=True, kw_only=True)
class RequiredUntil(Facts):
    """Until when (ISO 8601) something of the event's kind is required, and which factor anew besides the password."""

    until: str
    factor: str | None


@dataclass(frozen=True, kw_only=True)
class RequirementChanged(Changed):
    kind: str
    before: RequiredUntil | None
    after: RequiredUntil | None = None


@dataclass(frozen=True, kw_only=True)
class RequirementPlaced(RequirementChanged):
    """An officer requires a new credential, or the identity proven again, until a time."""

    action: ClassVar[str] = "account.require"


@dataclass(frozen=True, kw_only=True)
class RequirementWaived(RequirementChanged):
    """An officer took a requirement back before it was met."""

    action: ClassVar[str] = "account.unrequire"


@dataclass(frozen=True, kw_only=True)
class CredentialRenewed(Changed):
    """The person has renewed what an officer required."""

    action: ClassVar[str] = "account.credential_renewed"

    before: RequiredUntil | None
    after: None = None


@dataclass(frozen=True, kw_only=True)
class AccountsSearched(Event):
    """Staff looked for accounts by the ends of numbers: of which, and how many were found, never what was typed."""

    action: ClassVar[str] = "account.searched_by_tail"

    by: tuple[str, ...]
    found: int


@dataclass(frozen=True, kw_only=True)
class AccountsAskedFor(Event):
    """Staff asked whose a whole number or address is: of which kind, and how many were found, never what was typed.
    Who tries many of them learns who is here.
    """

    action: ClassVar[str] = "account.searched"

    by: str
    found: int


@dataclass(frozen=True, kw_only=True)
class OrganizationNames(Facts):
    name: str | None
    name_en: str | None


@dataclass(frozen=True, kw_only=True)
class OrganizationRecorded(Changed):
    """An organization was made, or the name of a known one was filled in or changed."""

    action: ClassVar[str] = "organization.record"

    code: str
    kind: str
    before: OrganizationNames | None
    after: OrganizationNames


@dataclass(frozen=True, kw_only=True)
class ImportStarted(Event):
    action: ClassVar[str] = "account.import.start"

    import_id: str
    file_sha256: str


@dataclass(frozen=True, kw_only=True)
class ImportFinished(Event):
    action: ClassVar[str] = "account.import.finish"

    import_id: str
    accepted: int
    rejected: int
