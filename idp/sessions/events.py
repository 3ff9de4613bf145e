"""Audit events of sessions, grants and devices."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Changed, Event, Facts


@dataclass(frozen=True, kw_only=True)
class SessionOpened(Event):
    """A browser finished a login. ``factors`` names what was used; ``new_device`` is there when the account had not
    been seen in this browser before.
    """

    action: ClassVar[str] = "session.opened"

    factors: tuple[str, ...]
    new_device: bool | None = None


@dataclass(frozen=True, kw_only=True)
class SessionRaised(Event):
    """A live session proved another factor, or the same one anew; its cookie changed."""

    action: ClassVar[str] = "session.raised"

    factors: tuple[str, ...]
    factors_before: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ActingFor(Facts):
    organization_id: str | None


@dataclass(frozen=True, kw_only=True)
class OrganizationChosen(Changed):
    """An enterprise account chose the organization it acts for in this session."""

    action: ClassVar[str] = "session.organization_chosen"

    before: ActingFor
    after: ActingFor


@dataclass(frozen=True, kw_only=True)
class SessionsEnded(Event):
    """Sessions were ended. The counts say how far it went; the departments are told through the outbox."""

    action: ClassVar[str] = "session.ended"

    sessions: int
    client_sessions: int
    grants: int


@dataclass(frozen=True, kw_only=True)
class GrantCreated(Event):
    """An account's sign-in was extended to a client."""

    action: ClassVar[str] = "grant.created"

    is_offline: bool


@dataclass(frozen=True, kw_only=True)
class GrantEnded(Event):
    """A grant was ended by itself, for instance because one of its codes or refresh tokens was replayed."""

    action: ClassVar[str] = "grant.ended"
