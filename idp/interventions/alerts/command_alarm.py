"""The alarm of the command line (rule O2): what a command took away in production, unattended, is told to the security
officers.

A script that ends a thousand sessions is one alarm, not a thousand letters; the events have each use.
"""

from datetime import timedelta
from typing import Final

from idp.foundation.clock import Clock
from idp.interventions.alerts.raising import Alerts, Cause
from idp.interventions.alerts.recipients import Recipients
from idp.notices.composing import details_of
from idp.notices.values import COMMAND_ALARM
from idp.staff.powers import Power

COMMAND_LINE: Final = "command_alarm"
REPEATED_AFTER: Final = timedelta(minutes=10)


class CommandAlarm:
    """Sounds for each command, again when the last alarm about it has grown old; in the present transaction."""

    def __init__(self, clock: Clock, alerts: Alerts, recipients: Recipients) -> None:
        self._clock = clock
        self._alerts = alerts
        self._recipients = recipients

    def sound(self, command: str) -> None:
        """Alarm the security officers about a command by its name; who typed it where stands in the record only."""
        now = self._clock.now()
        cause = Cause(source=COMMAND_LINE, subject=command, found=1, raised_before=now - REPEATED_AFTER)
        details = details_of(command=command, at=now, minutes=REPEATED_AFTER // timedelta(minutes=1))
        officers = self._recipients.officers(Power.SECURITY)
        self._alerts.raise_once(cause, COMMAND_ALARM, officers, details)
