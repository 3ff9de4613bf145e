"""Audit events of accounts (GB/T 22239 8.1.4.3). They name accounts and decisions and hold no personal value."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Event


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
class AccountLocked(Event):
    action: ClassVar[str] = "account.lock"


@dataclass(frozen=True, kw_only=True)
class AccountUnlocked(Event):
    action: ClassVar[str] = "account.unlock"


@dataclass(frozen=True, kw_only=True)
class AccountClosed(Event):
    action: ClassVar[str] = "account.close"


@dataclass(frozen=True, kw_only=True)
class ContactsChanged(Event):
    """Somebody other than the person replaced the phone number or the e-mail address."""

    action: ClassVar[str] = "account.contacts"


@dataclass(frozen=True, kw_only=True)
class AccountRestricted(Event):
    """An officer keeps an account out until a time (ISO 8601)."""

    action: ClassVar[str] = "account.restrict"

    kind: str
    until: str


@dataclass(frozen=True, kw_only=True)
class RestrictionLifted(Event):
    """An officer let an account in again before the time."""

    action: ClassVar[str] = "account.unrestrict"

    kind: str


@dataclass(frozen=True, kw_only=True)
class RequirementPlaced(Event):
    """An officer requires a new credential, or the identity proven again, until a time (ISO 8601)."""

    action: ClassVar[str] = "account.require"

    kind: str
    until: str
    factor: str | None = None


@dataclass(frozen=True, kw_only=True)
class RequirementLifted(Event):
    """An officer took a requirement back before it was met."""

    action: ClassVar[str] = "account.unrequire"

    kind: str


@dataclass(frozen=True, kw_only=True)
class CredentialRenewed(Event):
    """The person has renewed what an officer required."""

    action: ClassVar[str] = "account.credential_renewed"


@dataclass(frozen=True, kw_only=True)
class AccountsSearched(Event):
    """Staff looked for accounts by the ends of numbers: of which, and how many were found, never what was typed."""

    action: ClassVar[str] = "account.searched_by_tail"

    by: tuple[str, ...]
    found: int


@dataclass(frozen=True, kw_only=True)
class OrganizationRecorded(Event):
    """An organization was made, or the name of a known one was filled in or changed."""

    action: ClassVar[str] = "organization.record"

    code: str
    kind: str


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
