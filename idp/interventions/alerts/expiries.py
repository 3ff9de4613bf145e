"""The end of a client's credentials is announced 30, 14 and 3 days before, each once, to the contacts of the service,
the delegates of its agency and the system administrators.
"""

from datetime import datetime, timedelta
from typing import Final

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.interventions.alerts.events import ExpiryAnnounced
from idp.interventions.alerts.models import ExpiryNotice
from idp.interventions.alerts.recipients import Recipients, contacts_of
from idp.notices.composing import details_of
from idp.notices.service import Notices
from idp.notices.values import CREDENTIAL_EXPIRING, Letter
from idp.registry.credentials import Credentials, ExpiringCredential
from idp.staff.powers import Power

DAYS_BEFORE: Final = (3, 14, 30)
_DAY: Final = timedelta(days=1)


class ExpiryNotices:
    """Announces ends that come."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        audit: Audit,
        *,
        credentials: Credentials,
        notices: Notices,
        recipients: Recipients,
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._credentials = credentials
        self._notices = notices
        self._recipients = recipients

    def announce(self) -> int:
        """Announce what is due, and return how many credentials were. After a pause only the nearest time counts."""
        if not self._notices.are_sent:
            return 0
        now = self._clock.now()
        return sum(self._announce(one, days_before(one.ends_at - now), now) for one in self._credentials.expiring())

    def _announce(self, one: ExpiringCredential, days: int, now: datetime) -> bool:
        letters = self._letters(one, now)
        row = {
            "credential": one.id,
            "days_before": days,
            "client_id": one.client_id,
            "ends_at": one.ends_at,
            "sent_at": now,
        }
        if not letters:
            # Not claimed: whoever becomes a contact tomorrow is still told.
            return False
        with self._database.transaction():
            if not self._database.insert_if_new(ExpiryNotice, row):
                return False
            count = self._notices.send(CREDENTIAL_EXPIRING, letters, client_id=one.client_id)
            self._audit.record(
                ExpiryAnnounced(
                    actor="system", client_id=one.client_id, credential=one.id, days_before=days, notices=count
                )
            )
        return True

    def _letters(self, one: ExpiringCredential, now: datetime) -> list[Letter]:
        """Return a letter for each who is to be told; contacts first, so that an officer's own, with a link, counts."""
        officers = self._recipients.officers(Power.SYSTEM, Power.DELEGATE, agency=one.agency)
        return [
            *(Letter(to, self._details(one, now, "")) for to in contacts_of(one.contacts)),
            *(Letter(to, self._details(one, now, f"/console/clients/{one.client_id}")) for to in officers),
        ]

    def _details(self, one: ExpiringCredential, now: datetime, page: str) -> dict[str, str | int]:
        return details_of(
            kind=one.kind,
            service=one.client_name,
            service_en=one.client_name_en,
            client_id=one.client_id,
            days=max((one.ends_at - now) // _DAY, 0),
            ends_at=one.ends_at,
            page=page,
        )


def days_before(left: timedelta) -> int:
    """Return which of the three announcements a credential is due for that has so much time left."""
    return next((days for days in DAYS_BEFORE if left <= days * _DAY), DAYS_BEFORE[-1])
