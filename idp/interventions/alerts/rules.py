"""The alert rules: made, paused, resumed and removed by security officers, each with a reason in the audit record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.alerts.events import (
    AlertRuleEvent,
    AlertRuleMade,
    AlertRulePaused,
    AlertRuleRemoved,
    AlertRuleResumed,
    RuleState,
)
from idp.interventions.alerts.hunting import WATCHED_BY_NAME, WatchedHunt
from idp.interventions.alerts.models import Alert, AlertRule
from idp.staff.values import Officer

WINDOWS: Final = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
MOST_RULES: Final = 50
MOST_THRESHOLD: Final = 1_000_000
_UNKNOWN: Final = marked("Choose one of the values offered.")
_NO_NUMBER: Final = marked("Write a number from 1 to 1,000,000.")
_TOO_MANY: Final = marked("There are %(most)s rules already. Remove one first.")
_GONE: Final = marked("This rule has been removed meanwhile.")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it stands."""

    id: UUID
    hunt: WatchedHunt
    window: timedelta
    threshold: int
    is_enabled: bool
    actor: str
    created_at: datetime


class AlertRules:
    """The rules of this deployment."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit

    def list(self) -> Sequence[Rule]:
        """Return every rule, oldest first; one whose hunt this version does not know is left out."""
        with self._database.read() as connection:
            rows = connection.execute(select(*_COLUMNS).order_by(AlertRule.id)).all()
        return [_rule(row) for row in rows if row.hunt in WATCHED_BY_NAME]

    def get(self, rule_id: UUID) -> Rule | None:
        """Return a rule, None if there is no such one."""
        return next((one for one in self.list() if one.id == rule_id), None)

    def add(self, hunt: str, window: timedelta, threshold: int, *, officer: Officer, reason: str) -> UUID:
        """Make a rule that is in force at once. Raises UserError."""
        if hunt not in WATCHED_BY_NAME:
            raise UserError(_UNKNOWN, field="hunt")
        if window not in WINDOWS:
            raise UserError(_UNKNOWN, field="window")
        if not 0 < threshold <= MOST_THRESHOLD:
            raise UserError(_NO_NUMBER, field="threshold")
        row = {
            "id": self._entropy.uuid7(),
            "hunt": hunt,
            "window_seconds": int(window.total_seconds()),
            "threshold": threshold,
            "is_enabled": True,
            "actor": officer.actor,
            "created_at": self._clock.now(),
        }
        with self._database.transaction() as connection:
            if (connection.scalar(select(func.count()).select_from(AlertRule)) or 0) >= MOST_RULES:
                raise UserError(_TOO_MANY, most=MOST_RULES)
            inserted = connection.execute(insert(AlertRule).returning(*_COLUMNS), row).one()
            rule = _rule(inserted)
            self._audit.record(_event(AlertRuleMade, rule, officer, reason, None, _state(rule)))
        return rule.id

    def switch(self, rule_id: UUID, *, officer: Officer, reason: str) -> None:
        """Pause a rule that is in force, resume one that is paused. Raises UserError."""
        toggle = update(AlertRule).where(AlertRule.id == rule_id).values(is_enabled=~AlertRule.is_enabled)
        with self._database.transaction() as connection:
            rule = _changed(connection.execute(toggle.returning(*_COLUMNS)).one_or_none())
            before = _state(replace(rule, is_enabled=not rule.is_enabled))
            kind = AlertRuleResumed if rule.is_enabled else AlertRulePaused
            self._audit.record(_event(kind, rule, officer, reason, before, _state(rule)))

    def remove(self, rule_id: UUID, *, officer: Officer, reason: str) -> None:
        """Remove a rule and what it has found; the audit record keeps both. Raises UserError."""
        with self._database.transaction() as connection:
            gone = delete(AlertRule).where(AlertRule.id == rule_id).returning(*_COLUMNS)
            rule = _changed(connection.execute(gone).one_or_none())
            connection.execute(delete(Alert).where(Alert.source == str(rule_id)))
            self._audit.record(_event(AlertRuleRemoved, rule, officer, reason, _state(rule), None))

    def is_in_force(self, connection: Connection, rule_id: UUID) -> bool:
        """Tell whether a rule is in force, and keep it so until the present transaction ends."""
        statement = select(AlertRule.is_enabled).where(AlertRule.id == rule_id).with_for_update(read=True)
        return bool(connection.scalar(statement))


_COLUMNS = (
    AlertRule.id,
    AlertRule.hunt,
    AlertRule.window_seconds,
    AlertRule.threshold,
    AlertRule.is_enabled,
    AlertRule.actor,
    AlertRule.created_at,
)


def _rule(row: Row[UUID, str, int, int, bool, str, datetime]) -> Rule:
    return Rule(
        row.id,
        WATCHED_BY_NAME[row.hunt],
        timedelta(seconds=row.window_seconds),
        row.threshold,
        row.is_enabled,
        row.actor,
        row.created_at,
    )


def _changed(row: Row[UUID, str, int, int, bool, str, datetime] | None) -> Rule:
    if row is None:
        raise UserError(_GONE)
    return _rule(row)


def _state(rule: Rule) -> RuleState:
    return RuleState(
        is_enabled=rule.is_enabled, window_seconds=int(rule.window.total_seconds()), threshold=rule.threshold
    )


def _event(
    kind: type[AlertRuleEvent],
    rule: Rule,
    officer: Officer,
    reason: str,
    before: RuleState | None,
    after: RuleState | None,
) -> AlertRuleEvent:
    return kind(
        actor=officer.actor,
        reason=reason,
        before=before,
        after=after,
        rule=str(rule.id),
        hunt=rule.hunt.name,
        window_seconds=int(rule.window.total_seconds()),
        threshold=rule.threshold,
    )
