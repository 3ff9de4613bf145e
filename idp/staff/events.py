"""Audit events of powers and of changes that need approval (GB/T 22239 8.1.4.3)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from idp.audit.events import Changed, Event, Facts


@dataclass(frozen=True, kw_only=True)
class Holding(Facts):
    """The power of a human, and whose sites they look after with it."""

    power: str
    agency: str | None


@dataclass(frozen=True, kw_only=True)
class PowerGranted(Changed):
    """``account_id`` is the account the power is used through."""

    action: ClassVar[str] = "staff.power_granted"

    before: Holding | None
    after: Holding


@dataclass(frozen=True, kw_only=True)
class PowerEnded(Changed):
    action: ClassVar[str] = "staff.power_ended"

    before: Holding
    after: None = None


@dataclass(frozen=True, kw_only=True)
class PowerReviewed(Event):
    """Another officer said that a power is still needed."""

    action: ClassVar[str] = "staff.power_reviewed"

    power: str
    agency: str | None


@dataclass(frozen=True, kw_only=True)
class BootstrapCodesMade(Event):
    """Codes for the first officers were shown on the terminal."""

    action: ClassVar[str] = "staff.bootstrap_codes_made"

    count: int


@dataclass(frozen=True, kw_only=True)
class ConsoleRefused(Event):
    """Somebody who was signed in asked for what their power does not include."""

    action: ClassVar[str] = "console.refused"

    permission: str
    power: str | None = None


@dataclass(frozen=True, kw_only=True)
class OfficerActed(Event):
    """An officer did something to an account, session or client; ``reason`` is in their own words."""

    action: ClassVar[str] = "console.acted"

    what: str


@dataclass(frozen=True, kw_only=True)
class EventsExported(Event):
    """An auditor took a copy of the events that a filter chose."""

    action: ClassVar[str] = "audit.exported"

    form: str
    chosen: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RecordExported(Event):
    """An auditor took a copy of the record of a period that can be verified: its leaves, personal values included."""

    action: ClassVar[str] = "audit.record_exported"

    since: str
    until: str
    first_leaf: int
    size: int


@dataclass(frozen=True, kw_only=True)
class ProofGiven(Event):
    """An auditor took the proof of one event, with the personal values that belong to it."""

    action: ClassVar[str] = "audit.proof_given"

    event: str


@dataclass(frozen=True, kw_only=True)
class Standing(Facts):
    """How far a request has come."""

    state: str
    approvals: int


@dataclass(frozen=True, kw_only=True)
class ChangeEvent(Changed):
    """Base of what happens to a change request. ``content_digest`` says what exactly was decided upon."""

    request: str
    kind: str
    target: str
    content_digest: str
    before: Standing | None
    after: Standing


@dataclass(frozen=True, kw_only=True)
class ChangeRequested(ChangeEvent):
    action: ClassVar[str] = "change.requested"


@dataclass(frozen=True, kw_only=True)
class ChangeApproved(ChangeEvent):
    action: ClassVar[str] = "change.approved"

    slot: int


@dataclass(frozen=True, kw_only=True)
class ChangeApplied(ChangeEvent):
    action: ClassVar[str] = "change.applied"


@dataclass(frozen=True, kw_only=True)
class ChangeRejected(ChangeEvent):
    action: ClassVar[str] = "change.rejected"


@dataclass(frozen=True, kw_only=True)
class ChangeWithdrawn(ChangeEvent):
    action: ClassVar[str] = "change.withdrawn"


@dataclass(frozen=True, kw_only=True)
class ChangeSuperseded(ChangeEvent):
    """Somebody asked anew for the same target; what was approved until then is void."""

    action: ClassVar[str] = "change.superseded"
