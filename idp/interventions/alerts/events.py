"""Audit events of alerts."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Changed, Event, Facts


@dataclass(frozen=True, kw_only=True)
class RuleState(Facts):
    """What a rule watches for, and whether it does."""

    is_enabled: bool
    window_seconds: int
    threshold: int


@dataclass(frozen=True, kw_only=True)
class AlertRuleEvent(Changed):
    """Base of what happens to a rule."""

    before: RuleState | None
    after: RuleState | None

    rule: str
    hunt: str
    window_seconds: int
    threshold: int


@dataclass(frozen=True, kw_only=True)
class AlertRuleMade(AlertRuleEvent):
    action: ClassVar[str] = "alert.rule_made"


@dataclass(frozen=True, kw_only=True)
class AlertRulePaused(AlertRuleEvent):
    action: ClassVar[str] = "alert.rule_paused"


@dataclass(frozen=True, kw_only=True)
class AlertRuleResumed(AlertRuleEvent):
    action: ClassVar[str] = "alert.rule_resumed"


@dataclass(frozen=True, kw_only=True)
class AlertRuleRemoved(AlertRuleEvent):
    action: ClassVar[str] = "alert.rule_removed"


@dataclass(frozen=True, kw_only=True)
class AlertRaised(Event):
    """A rule or an alarm found something. ``notices`` says how many were written about it."""

    action: ClassVar[str] = "alert.raised"

    source: str
    found: int
    notices: int


@dataclass(frozen=True, kw_only=True)
class ExpiryAnnounced(Event):
    """The end of a credential of a client was announced. ``days_before`` is which of the three times it was."""

    action: ClassVar[str] = "client.expiry_announced"

    credential: str
    days_before: int
    notices: int
