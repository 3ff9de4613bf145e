"""Audit events of interventions."""

from dataclasses import dataclass
from typing import Any, ClassVar

from idp.audit.events import Changed, Event, Facts
from idp.foundation.masked import Masked


@dataclass(frozen=True, kw_only=True)
class MassEndingStarted(Event):
    """All sessions or grants of a filter are being ended, at most ``most``; each batch is an event of its own."""

    action: ClassVar[str] = "sessions.mass_ending_started"

    ending: str
    chosen: dict[str, Any]
    most: int


@dataclass(frozen=True, kw_only=True)
class MassEndingFinished(Event):
    """``ended`` sessions or grants were ended in all."""

    action: ClassVar[str] = "sessions.mass_ending_finished"

    ending: str
    ended: int


@dataclass(frozen=True, kw_only=True)
class FactorReset(Event):
    """An officer removed a second factor that its owner has lost. ``case_number`` is that of the help desk."""

    action: ClassVar[str] = "authenticator.reset"

    kind: str
    case_number: str


@dataclass(frozen=True, kw_only=True)
class HeldBy(Facts):
    """The order by which everything of an account is kept."""

    reference: str


@dataclass(frozen=True, kw_only=True)
class LegalHoldPlaced(Changed):
    """Everything of an account is kept from now on, by an order."""

    action: ClassVar[str] = "account.hold_placed"

    before: None = None
    after: HeldBy


@dataclass(frozen=True, kw_only=True)
class LegalHoldEnded(Changed):
    action: ClassVar[str] = "account.hold_ended"

    before: HeldBy
    after: None = None


@dataclass(frozen=True, kw_only=True)
class Belonging(Facts):
    """The human whom an account belongs to."""

    person: str


@dataclass(frozen=True, kw_only=True)
class AccountsMerged(Changed):
    """Another account of the same human was merged into this one: what it was, whose it is, what was taken over."""

    action: ClassVar[str] = "account.merged"

    before: Belonging
    after: Belonging
    merged: str
    person_of_merged: str
    memberships_moved: tuple[str, ...]
    contacts_moved: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ValueRevealed(Event):
    """An officer looked at one personal value of an account; which, never what it is."""

    action: ClassVar[str] = "account.value_revealed"

    value_name: str


@dataclass(frozen=True, kw_only=True)
class NoteText(Facts):
    text: Masked


@dataclass(frozen=True, kw_only=True)
class AccountNoted(Changed):
    """An officer wrote something down about an account for the others. What is said of a person is a personal value: it
    is kept beside the leaf and can be erased (rule A6).
    """

    action: ClassVar[str] = "account.noted"

    before: None = None
    after: NoteText


@dataclass(frozen=True, kw_only=True)
class BreakGlassEvent(Event):
    """Base of what happens to a break-glass; ``session_id`` is the session it was asked for with."""

    glass: str


@dataclass(frozen=True, kw_only=True)
class BreakGlassAsked(BreakGlassEvent):
    action: ClassVar[str] = "break_glass.asked"


@dataclass(frozen=True, kw_only=True)
class BreakGlassOpened(BreakGlassEvent):
    """A second custodian confirmed: the permissions are in force for an hour."""

    action: ClassVar[str] = "break_glass.opened"


@dataclass(frozen=True, kw_only=True)
class BreakGlassUsed(BreakGlassEvent):
    """A page of the console was asked for while the glass was open."""

    action: ClassVar[str] = "break_glass.used"

    permission: str
    method: str


@dataclass(frozen=True, kw_only=True)
class BreakGlassEnded(BreakGlassEvent):
    """By the actor; by the system when its time was up."""

    action: ClassVar[str] = "break_glass.ended"
