"""Raising an alert: once about a subject until the last one has grown old, decided by one conditional INSERT, with its
notices and its event in the same transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.interventions.alerts.events import AlertRaised
from idp.interventions.alerts.models import Alert
from idp.notices.service import Notices
from idp.notices.values import Letter, Recipient, Template


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """A line of the list of alerts."""

    source: str
    subject: str
    found: int
    raised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What an alert is about. It is raised again only when the last one is older than ``raised_before``."""

    source: str
    subject: str = ""
    found: int
    raised_before: datetime
    account_id: UUID | None = None
    client_id: str | None = None


class Alerts:
    """Raises alerts, and lists them."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, notices: Notices) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._notices = notices

    def raise_once(
        self, cause: Cause, template: Template, recipients: Iterable[Recipient], details: Mapping[str, str | int]
    ) -> bool:
        """Raise an alert unless one stands, and write to everybody; tell whether it was raised."""
        claim: Any = self._database.upsert(
            Alert, "found", "raised_at", where=Alert.raised_at <= cause.raised_before
        ).returning(Alert.source)
        row = {
            "source": cause.source,
            "subject": cause.subject,
            "found": cause.found,
            "raised_at": self._clock.now(),
        }
        with self._database.transaction() as connection:
            if connection.execute(claim, row).one_or_none() is None:
                return False
            letters = [Letter(one, details) for one in recipients]
            count = self._notices.send(template, letters, client_id=cause.client_id)
            self._audit.record(
                AlertRaised(
                    actor="system",
                    account_id=cause.account_id,
                    client_id=cause.client_id,
                    source=cause.source,
                    found=cause.found,
                    notices=count,
                )
            )
        return True

    def latest(self, within: timedelta, *, limit: int = 50) -> list[RaisedAlert]:
        """Return what was raised lately, latest first."""
        statement = (
            select(Alert.source, Alert.subject, Alert.found, Alert.raised_at)
            .where(Alert.raised_at > self._clock.now() - within)
            .order_by(Alert.raised_at.desc(), Alert.source, Alert.subject)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [RaisedAlert(*row) for row in connection.execute(statement)]
