"""The canned hunts (console.md §2): what an officer looks for without knowing yet whom. Each goes by an index; a span
of time is a span of UUIDv7 ids.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    FromClause,
    ScalarSelect,
    Select,
    Text,
    cast,
    distinct,
    func,
    or_,
    select,
    text,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import aliased

from idp.accounts.models import Account
from idp.audit.counts import WIDTH, bucket_of, counts
from idp.audit.models import AuditEvent, is_uncommon
from idp.factors.events import AuthenticatorAdded
from idp.factors.models import Authenticator
from idp.foundation.clock import Clock
from idp.foundation.columns import moment_of
from idp.foundation.database import Database
from idp.foundation.entropy import first_uuid7
from idp.interventions.events import FactorReset
from idp.sessions.events import SessionOpened, SessionRaised
from idp.sessions.models import OPSession
from idp.sessions.values import CONSOLE
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
# In how many networks accounts are counted first, those with the most sessions; in others only if they may have more.
_LOOKED_AT: Final = 2 * _MOST


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
class Presence:
    """When an officer used the console last, None for never, and their means of sign-in in force."""

    last_seen_at: datetime | None
    factors: tuple[str, ...]


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
        since = first_uuid7(self._clock.now() - window)
        counted = self._sessions_of_networks(since, least)
        first = select(counted).order_by(counted.c.sessions.desc()).limit(_LOOKED_AT).subquery("first")
        busiest = _with_accounts(first, since).cte("busiest")
        # A network has no more accounts than sessions: none is missed with fewer than the fiftieth has accounts.
        fiftieth = select(busiest.c.accounts).order_by(busiest.c.accounts.desc()).offset(_MOST - 1).limit(1)
        others = (
            _with_accounts(counted, since)
            .where(counted.c.sessions >= func.coalesce(fiftieth.scalar_subquery(), 0))
            .where(counted.c.network.not_in(select(busiest.c.network)))
        )
        found = union_all(select(busiest), others).cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
        statement = (
            select(found.c.network, found.c.accounts, found.c.sessions)
            .where(found.c.accounts >= least)
            .order_by(found.c.accounts.desc(), found.c.network)
            .limit(_MOST)
        )
        with self._database.searching() as connection:
            return [CrowdedNetwork(*row) for row in connection.execute(statement)]

    def _sessions_of_networks(self, since: UUID, least: int) -> CTE:
        """Return the networks with at least so many sessions: an index alone tells."""
        statement = (
            select(OPSession.network, func.count().label("sessions"))
            .where(OPSession.id >= since, OPSession.network.is_not(None))
            .group_by(OPSession.network)
            .having(func.count() >= least)
        )
        if self._database.dialect == "postgresql":
            # In the order of the index groups need no table of hashes. PostgreSQL does not see that by itself, because
            # the index has operators of its own.
            statement = statement.order_by(text("op_session.network USING ~<~"))
        return statement.cte("counted")

    def new_factors_after_recovery(self, window: timedelta) -> list[NewFactor]:
        """Return the factors added within a day after a recovery code was used or a factor was reset, latest first."""
        since = self._clock.now() - window
        added = aliased(AuditEvent)
        latest = (
            select(added.id, added.occurred_at, added.account_id, _last_recovery(added, since).label("recovered_at"))
            .where(added.action == AuthenticatorAdded.action, is_uncommon(added), added.id >= first_uuid7(since))
            .subquery()
        )
        elapsed = type_coerce(latest.c.occurred_at, BigInteger) - type_coerce(latest.c.recovered_at, BigInteger)
        statement = (
            select(latest.c.id, latest.c.occurred_at, latest.c.account_id, Account.username, latest.c.recovered_at)
            .join(Account, Account.id == latest.c.account_id)
            .where(elapsed <= _RECOVERED_WITHIN // timedelta(microseconds=1))
            .order_by(latest.c.id.desc())
            .limit(_MOST)
        )
        with self._database.searching() as connection:
            return [NewFactor(*row) for row in connection.execute(statement)]

    def presence(self) -> dict[UUID, Presence]:
        """Return, by account, when each officer used the console last and by what they sign in; one statement."""
        seen = (
            select(func.max(OPSession.last_seen_at))
            .where(OPSession.account_id == OfficerPower.account_id, OPSession.surface == CONSOLE)
            .correlate(OfficerPower)
            .scalar_subquery()
        )
        means = (
            select(func.aggregate_strings(Authenticator.kind, " "))
            .where(Authenticator.account_id == OfficerPower.account_id)
            .where(Authenticator.activated_at.is_not(None), Authenticator.disabled_at.is_(None))
            .correlate(OfficerPower)
            .scalar_subquery()
        )
        with self._database.searching() as connection:
            rows = connection.execute(select(OfficerPower.account_id, seen, means)).all()
        return {row[0]: Presence(row[1], tuple(sorted(set((row[2] or "").split())))) for row in rows}

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


def _with_accounts(counted: FromClause, since: UUID) -> Select[str, int, int]:
    """Select networks with how many accounts have signed in from each."""
    accounts = (
        select(func.count(distinct(OPSession.account_id)))
        .where(OPSession.network == counted.c.network, OPSession.id >= since)
        .scalar_subquery()
    )
    return select(counted.c.network, counted.c.sessions, accounts.label("accounts"))


def _last_recovery(added: type[AuditEvent], since: datetime) -> ScalarSelect[datetime]:
    """Say when the account of an event was last recovered before it. Asked for each event, from the latest back until
    the page is full, and by an index over recoveries alone: one account may have very many events.
    """
    recovered = aliased(AuditEvent)
    by_code = recovered.action.in_((SessionOpened.action, SessionRaised.action)) & cast(recovered.detail, Text).like(
        '%"recovery_code"%'
    )
    return (
        select(func.max(recovered.occurred_at))
        .where(
            recovered.account_id == added.account_id,
            recovered.id >= first_uuid7(since - _RECOVERED_WITHIN),
            recovered.id < added.id,
            or_(recovered.action == FactorReset.action, by_code),
        )
        .scalar_subquery()
    )
