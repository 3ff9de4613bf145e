"""Whoever's means of sign-in changed is told, at the address of their account only: it may not have been they who did
it (NIST SP 800-63B-4 §4.6). When that address itself was replaced, the old one is told too. It listens to the audit
record, in the transaction that makes the change.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from idp.accounts.events import ContactsChanged
from idp.audit.events import Event
from idp.factors.events import AuthenticatorAdded, AuthenticatorRemoved, PasswordSet
from idp.foundation.clock import Clock
from idp.interventions.alerts.recipients import Recipients
from idp.interventions.events import FactorReset
from idp.notices.composing import details_of
from idp.notices.service import Notices
from idp.notices.values import CONTACTS_CHANGED, EVERY_LOCALE, FACTOR_CHANGED, Letter, Recipient

_CHANGES: Final[Mapping[type[Event], str]] = {
    AuthenticatorAdded: "added",
    AuthenticatorRemoved: "removed",
    FactorReset: "reset",
    PasswordSet: "password",
}


class OwnerNotices:
    """Tells owners."""

    def __init__(self, clock: Clock, notices: Notices, recipients: Recipients) -> None:
        self._clock = clock
        self._notices = notices
        self._recipients = recipients

    def recorded(self, event: Event) -> None:
        """Write a notice if the audit record just took in a change that its owner should know of."""
        if event.account_id is None or not self._notices.are_sent:
            return
        if isinstance(event, ContactsChanged):
            self._tell_both(event, event.account_id)
        change = _CHANGES.get(type(event))
        if change is None:
            return
        # The first password comes with the account, and whoever opened it knows.
        if change == "password" and event.actor != f"account:{event.account_id}":
            return
        owner = self._recipients.holder(event.account_id)
        if owner is None:
            return
        details = details_of(change=change, kind=getattr(event, "kind", "password"), at=self._clock.now())
        self._notices.send(FACTOR_CHANGED, [Letter(owner, details)])

    def _tell_both(self, event: ContactsChanged, account_id: UUID) -> None:
        """Write to the address that was there before and to the one that is there now. Who had none gets no letter: a
        new address alone proves nothing to them.
        """
        if event.before.email is None or event.before == event.after:
            return
        owner = self._recipients.holder(account_id)
        former = Recipient(event.before.email, owner.locale if owner is not None else EVERY_LOCALE, account_id)
        details = details_of(at=self._clock.now())
        told = [former] if owner is None else [former, owner]
        self._notices.send(CONTACTS_CHANGED, [Letter(one, details) for one in told])
