"""Whoever signs in from a new device, or with a recovery code, is told at the address of the account: it may not have
been they (NIST SP 800-63B-4 §4.2.3, §4.6). It listens to the audit record, in the transaction of the sign-in.

A browser that keeps no cookies is new at each sign-in, so a flood of these is three letters a day. There are ten
recovery codes: each is told.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from idp.audit.events import Event
from idp.factors import recovery_code
from idp.foundation.clock import Clock
from idp.foundation.throttle import Counter, Limit, Refused, Throttle
from idp.interventions.alerts.recipients import Recipients
from idp.keyring.service import Keyring
from idp.notices.composing import details_of
from idp.notices.service import Notices
from idp.notices.values import NEW_DEVICE, RECOVERY, Letter, Template
from idp.sessions.events import SessionOpened, SessionRaised

MOST_LETTERS: Final = 3
_DAY: Final = timedelta(days=1)
_LIMIT: Final = Limit(lock_after=MOST_LETTERS, lock=_DAY, remembers=_DAY)


class SignInNotices:
    """Tells owners of sign-ins that may be somebody else's."""

    def __init__(
        self, clock: Clock, notices: Notices, recipients: Recipients, throttle: Throttle, keyring: Keyring
    ) -> None:
        self._clock = clock
        self._notices = notices
        self._recipients = recipients
        self._throttle = throttle
        self._keyring = keyring

    def recorded(self, event: Event) -> None:
        """Write a notice if the audit record just took in a sign-in that its owner should know of."""
        if not isinstance(event, SessionOpened | SessionRaised) or event.account_id is None:
            return
        if recovery_code.KIND in event.factors:
            self._tell(event.account_id, RECOVERY)
        elif isinstance(event, SessionOpened) and event.new_device:
            self._tell(event.account_id, NEW_DEVICE)

    def _tell(self, account_id: UUID, template: Template) -> None:
        owner = self._recipients.holder(account_id) if self._notices.are_sent else None
        if owner is None:
            return
        written = self._count(account_id) if template is NEW_DEVICE else 0
        if written <= MOST_LETTERS:
            details = details_of(at=self._clock.now(), is_last=int(written == MOST_LETTERS))
            self._notices.send(template, [Letter(owner, details)])

    def _count(self, account_id: UUID) -> int:
        """Return which of today's letters about new devices this is."""
        key = self._keyring.index("throttle", f"new-device:{account_id}")
        charged = self._throttle.charge([Counter(key, _LIMIT)])
        return MOST_LETTERS + 1 if isinstance(charged, Refused) else charged.failures[0]
