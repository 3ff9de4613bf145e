"""What the worker looks for every minute: what the rules watch, dead letters (rule P12), and an audit record that is no
longer sealed (rule A5).
"""

from datetime import datetime, timedelta
from typing import Final

from idp.audit.sealer import Sealer
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.interventions.alerts.hunting import Found, Sight
from idp.interventions.alerts.raising import Alerts, Cause
from idp.interventions.alerts.recipients import Recipients
from idp.interventions.alerts.rules import AlertRules, Rule
from idp.notices.composing import details_of
from idp.notices.values import DELIVERIES_GIVEN_UP, HUNT_ALERT, SEALING_STOPPED, Recipient
from idp.signals.service import Signals
from idp.staff.powers import Power

DEAD_LETTERS: Final = "deliveries"
SEALING: Final = "sealing"
OLDEST_CHECKPOINT: Final = timedelta(seconds=60)
"""Checkpoints are at most ten seconds apart; one this old says that nobody seals."""
_REPEATED_AFTER: Final = timedelta(hours=1)
_TO_HUNTERS: Final = (Power.SECURITY,)
_TO_OPERATORS: Final = (Power.SYSTEM, Power.SECURITY)
_TO_AUDITORS: Final = (Power.SYSTEM, Power.AUDIT)


class Watch:
    """Looks, and raises alerts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        alerts: Alerts,
        rules: AlertRules,
        *,
        sight: Sight,
        recipients: Recipients,
        signals: Signals,
        sealer: Sealer,
    ) -> None:
        self._database = database
        self._clock = clock
        self._alerts = alerts
        self._rules = rules
        self._sight = sight
        self._recipients = recipients
        self._signals = signals
        self._sealer = sealer

    def evaluate_rules(self) -> int:
        """Run the hunts of the rules in force. Returns how many alerts were raised."""
        return sum(self._evaluate(rule) for rule in self._rules.list() if rule.is_enabled)

    def _evaluate(self, rule: Rule) -> int:
        found = rule.hunt.find(self._sight, rule.window, rule.threshold)
        reached = [one for one in found if one.count >= rule.threshold]
        officers = self._recipients.officers(*_TO_HUNTERS) if reached else []
        return sum(self._raise(rule, one, officers) for one in reached)

    def _raise(self, rule: Rule, found: Found, officers: list[Recipient]) -> bool:
        now = self._clock.now()
        cause = Cause(
            source=str(rule.id),
            subject=found.subject,
            found=found.count,
            raised_before=now - rule.window,
            account_id=found.account_id,
        )
        # The subject is left out: a mailbox is no place for an address or an account.
        details = details_of(hunt=rule.hunt.title, found=found.count, threshold=rule.threshold, at=now)
        with self._database.transaction() as connection:
            # It may have been paused while the hunt went on.
            return self._rules.is_in_force(connection, rule.id) and self._alerts.raise_once(
                cause, HUNT_ALERT, officers, details
            )

    def look_at_deliveries(self) -> int:
        """Alarm about dead letters that came since the last alarm, at most once an hour for each receiver."""
        return sum(self._look_at_lane(one.lane, one.count, one.last_at) for one in self._signals.ledger.given_up())

    def _look_at_lane(self, lane: str, count: int, last_at: datetime) -> bool:
        cause = Cause(
            source=DEAD_LETTERS,
            subject=lane,
            found=count,
            # Earlier than the last dead letter: that one has not been alarmed about.
            raised_before=min(self._clock.now() - _REPEATED_AFTER, last_at - timedelta.resolution),
        )
        details = details_of(receiver=lane, count=count)
        return self._alerts.raise_once(cause, DELIVERIES_GIVEN_UP, self._recipients.officers(*_TO_OPERATORS), details)

    def look_at_sealing(self) -> int:
        """Alarm about a newest checkpoint that is too old; not while a worker that has just begun may make one."""
        now, note = self._clock.now(), self._sealer.newest_checkpoint()
        since = self._signals.heartbeats.watched_since()
        if note is None or since is None or since > now - 2 * OLDEST_CHECKPOINT:
            return 0
        if note.checkpoint.time > now - OLDEST_CHECKPOINT:
            return 0
        age = int((now - note.checkpoint.time).total_seconds())
        cause = Cause(source=SEALING, found=age, raised_before=now - _REPEATED_AFTER)
        details = details_of(last=note.checkpoint.time, minutes=age // 60)
        return self._alerts.raise_once(cause, SEALING_STOPPED, self._recipients.officers(*_TO_AUDITORS), details)
