"""The alarm of the break-glass: a line of the log, an alert and a notice to everybody who could end it (rule A2)."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from idp.foundation.clock import Clock
from idp.foundation.logging import get_logger
from idp.interventions.alerts.raising import Alerts, Cause
from idp.interventions.alerts.recipients import Recipients
from idp.notices.composing import details_of
from idp.notices.values import BREAK_GLASS
from idp.staff.powers import NEED_PASSKEYS

BREAK_GLASS_ALARM: Final = "break_glass"
_NEVER_AGAIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_log = get_logger(__name__)


class GlassAlarm:
    """Sounds once about each thing that happens to a glass, in the transaction in which it happens."""

    def __init__(self, clock: Clock, alerts: Alerts, recipients: Recipients) -> None:
        self._clock = clock
        self._alerts = alerts
        self._recipients = recipients

    def sound(self, glass_id: UUID, what: str, permission: str = "") -> None:
        """Alarm all officers and custodians. ``what``: asked, opened, used or ended."""
        _log.warning("break_glass", glass=str(glass_id), what=what, permission=permission)
        cause = Cause(
            source=BREAK_GLASS_ALARM,
            subject=f"{glass_id} {what} {permission}".rstrip(),
            found=1,
            raised_before=_NEVER_AGAIN,
        )
        details = details_of(what=what, permission=permission, at=self._clock.now())
        officers = self._recipients.officers(*NEED_PASSKEYS)
        self._alerts.raise_once(cause, BREAK_GLASS, officers, details)
