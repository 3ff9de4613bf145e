"""The canned hunts (console.md §2): what an officer looks for without knowing yet whom. Each goes by an index; a span
of time is a span of UUIDv7 ids.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Text, and_, cast, distinct, func, or_, select, type_coerce
from sqlalchemy.orm import aliased

from idp.accounts.models import Account
from idp.audit.counts import WIDTH, bucket_of, counts
from idp.audit.models import AuditEvent, is_uncommon
from idp.factors.events import AuthenticatorAdded
from idp.foundation.clock import Clock
from idp.foundation.columns import moment_of
from idp.foundation.database import Database
from idp.foundation.entropy import first_uuid7
from idp.interventions.events import FactorReset
from idp.sessions.events import SessionOpened, SessionRaised
from idp.sessions.models import OPSession
from idp.staff.models import OfficerPower

DORMANT_AFTER: Final = timedelta(days=90)
REFUSALS: Final = (
    "sign_in.password_refused",
    "sign_in.code_refused",
    "sign_in.passkey_refused",
    "sign_in.not_admitted",
)
_RECOVERED_WITHIN: Final = timedelta(hours=24)
_MOST: Final = 50
# In how many networks accounts are counted, the busiest first; in all of them only if that was not enough.
_LOOKED_AT: Final = (4 * _MOST, 40 * _MOST)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The sign-ins of five minutes: those that opened a session, and those refused."""

    begins_at: datetime
    succeeded: int
    refused: int


@dataclass(frozen=True, slots=True)
class CrowdedNetwork:
    """A network from which many accounts have signed in."""

    network: str | None
    accounts: int
    sessions: int


@dataclass(frozen=True, slots=True)
class NewFactor:
    """A factor that was added soon after a recovery: whoever recovered an account by fraud does this next."""

    event_id: UUID
    at: datetime
    account_id: UUID | None
    username: str = field(repr=False)
    recovered_at: datetime


@dataclass(frozen=True, slots=True)
class DormantOfficer:
    """An officer who has not been here for long. ``last_seen_at`` None: never."""

    account_id: UUID
    username: str = field(repr=False)
    power: str
    granted_at: datetime
    last_seen_at: datetime | None


class Hunts:
    """Looks through sessions and events for what should not be there."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def sign_ins(self, window: timedelta) -> list[Outcomes]:
        """Return the sign-ins of every five minutes of a window, those without any among them, oldest first."""
        now = self._clock.now()
        last, first = bucket_of(now), bucket_of(now - window) + 1
        with self._database.searching() as connection:
            counted = counts(connection, (SessionOpened.action, *REFUSALS), first)
        found: Counter[tuple[int, bool]] = Counter()
        for bucket, action, count in counted:
            found[bucket, action == SessionOpened.action] += count
        return [
            Outcomes(moment_of(place * WIDTH), found[place, True], found[place, False])
            for place in range(first, last + 1)
        ]

    def sign_ins_by_hour(self, days: int) -> dict[datetime, int]:
        """Return how many sessions began in each hour of the last days, those hours left out in which none did."""
        hour = timedelta(hours=1) // timedelta(microseconds=1)
        first = bucket_of(self._clock.now() - timedelta(days=days)) + 1
        with self._database.searching() as connection:
            counted = counts(connection, (SessionOpened.action,), first)
        found: Counter[datetime] = Counter()
        for bucket, _, count in counted:
            found[moment_of(bucket * WIDTH // hour * hour)] += count
        return dict(found)

    def crowded_networks(self, window: timedelta, *, least: int) -> list[CrowdedNetwork]:
        """Return the networks from which at least so many accounts have signed in, the fullest first."""
        recent = (OPSession.id >= first_uuid7(self._clock.now() - window)) & OPSession.network.is_not(None)
        for most in _LOOKED_AT:
            busiest = self._busiest_networks(recent, least, most)
            found = self._accounts_of_networks(recent & OPSession.network.in_(busiest), least)
            # No other network has more accounts than the last of these has sessions.
            if len(busiest) < most or (len(found) == _MOST and found[-1].accounts > min(busiest.values())):
                return found
        return self._accounts_of_networks(recent, least)

    def _busiest_networks(self, recent: ColumnElement[bool], least: int, most: int) -> dict[str, int]:
        """Return the networks with the most sessions, and how many: counted by an index alone, unlike accounts."""
        statement = (
            select(OPSession.network, func.count())
            .where(recent)
            .group_by(OPSession.network)
            .having(func.count() >= least)
            .order_by(func.count().desc())
            .limit(most)
        )
        with self._database.searching() as connection:
            return {str(network): sessions for network, sessions in connection.execute(statement)}

    def _accounts_of_networks(self, chosen: ColumnElement[bool], least: int) -> list[CrowdedNetwork]:
        accounts = func.count(distinct(OPSession.account_id))
        statement = (
            select(OPSession.network, accounts, func.count())
            .where(chosen)
            .group_by(OPSession.network)
            .having(accounts >= least)
            .order_by(accounts.desc(), OPSession.network)
            .limit(_MOST)
        )
        with self._database.searching() as connection:
            return [CrowdedNetwork(*row) for row in connection.execute(statement)]

    def new_factors_after_recovery(self, window: timedelta) -> list[NewFactor]:
        """Return the factors added within a day after a recovery code was used or a factor was reset, latest first."""
        since = self._clock.now() - window
        added, recovered = aliased(AuditEvent), aliased(AuditEvent)
        elapsed = type_coerce(added.occurred_at, BigInteger) - type_coerce(recovered.occurred_at, BigInteger)
        by_code = recovered.action.in_((SessionOpened.action, SessionRaised.action)) & cast(
            recovered.detail, Text
        ).like('%"recovery_code"%')
        statement = (
            select(added.id, added.occurred_at, added.account_id, Account.username, func.max(recovered.occurred_at))
            .join(Account, Account.id == added.account_id)
            .join(
                recovered,
                and_(
                    recovered.account_id == added.account_id,
                    recovered.id >= first_uuid7(since - _RECOVERED_WITHIN),
                    recovered.id < added.id,
                    elapsed <= _RECOVERED_WITHIN // timedelta(microseconds=1),
                    or_(recovered.action == FactorReset.action, by_code),
                ),
            )
            .where(added.action == AuthenticatorAdded.action, is_uncommon(added), added.id >= first_uuid7(since))
            .group_by(added.id, added.occurred_at, added.account_id, Account.username)
            .order_by(added.id.desc())
            .limit(_MOST)
        )
        with self._database.searching() as connection:
            return [NewFactor(*row) for row in connection.execute(statement)]

    def dormant_officers(self) -> list[DormantOfficer]:
        """Return the officers who have not been here for 90 days, those who never came first."""
        seen = (
            select(func.max(OPSession.last_seen_at))
            .where(OPSession.account_id == OfficerPower.account_id)
            .correlate(OfficerPower)
            .scalar_subquery()
        )
        since = self._clock.now() - DORMANT_AFTER
        statement = (
            select(OfficerPower.account_id, Account.username, OfficerPower.power, OfficerPower.granted_at, seen)
            .join(Account, Account.id == OfficerPower.account_id)
            .where(OfficerPower.ended_at.is_(None), OfficerPower.granted_at < since)
        )
        with self._database.searching() as connection:
            officers = [DormantOfficer(*row) for row in connection.execute(statement)]
        return [one for one in officers if one.last_seen_at is None or one.last_seen_at < since]
