"""Removes what is over: expired rows at once, history when nobody may ask for it any more (ASVS 14.2.7, PIPL Art. 19).

In batches, each a transaction of its own, so that no request waits for a purge. What others refer to goes after what
refers to it. Sessions, what hangs on them, and devices of an account under a legal hold stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from idp.accounts.models import Account
from idp.audit.counts import bucket_of
from idp.audit.models import AuditTally
from idp.audit.tallies import KEPT_FOR
from idp.banners.models import BannerRow
from idp.blocks.models import BlockEntry
from idp.factors.models import SpentChallenge
from idp.foundation.database import Base, Database
from idp.foundation.entropy import first_uuid7
from idp.foundation.outbox import OutboxMessage
from idp.foundation.throttle import ThrottleCounter
from idp.interventions.alerts.models import Alert, ExpiryNotice
from idp.jobs.job import Job
from idp.notices.models import Notice
from idp.protocol.artefacts.authorization_code import AuthorizationCodeRow
from idp.protocol.artefacts.device_authorization import DeviceAuthorizationRow
from idp.protocol.artefacts.pushed_request import PushedRequestRow
from idp.protocol.artefacts.refresh_family import RefreshFamilyRow
from idp.protocol.artefacts.revoked_token import RevokedToken
from idp.protocol.artefacts.used_jti import UsedJTI
from idp.registry.models import ClientSecretRow
from idp.registry.registration_models import InitialAccessToken
from idp.sessions.models import AuthorizationGrant, ClientSession, Device, OPSession
from idp.sign_in.models import SignInAttempt
from idp.signals.models import WorkerHeartbeat

BATCH = 500
_MOST_BATCHES = 200
_DAY = timedelta(days=1)
# A code or token that comes back late must still be found, so that its replay is recognised (rules P1 and P2).
_REPLAY_SHOWS_FOR = _DAY
# Clocks of clients may be off by as much.
_SKEW = timedelta(minutes=5)
_GRANTS_SHOW_FOR = timedelta(days=30)
# Security staff find ended sessions, and why they ended, for 400 days; their owner is shown 30 of them.
_SESSIONS_SHOW_FOR = timedelta(days=400)
_DELIVERIES_SHOW_FOR = timedelta(days=90)
_DEVICES_LAST = timedelta(days=400)
_LISTS_SHOW_FOR = timedelta(days=400)

Condition = Callable[[datetime], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Purge:
    """Which rows of a table are over at a given time."""

    table: type[Base]
    is_over: Condition


def _is_kept(account_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """A legal hold keeps what belongs to this account."""
    return exists().where(Account.id == account_id, Account.held_at.is_not(None))


def _grant_is_over(now: datetime) -> ColumnElement[bool]:
    """Nothing hangs on the grant any more: its session is long over, and no family and no code is left."""
    return (
        exists().where(OPSession.id == AuthorizationGrant.op_session_id, OPSession.expires_at < now - _GRANTS_SHOW_FOR)
        & ~_is_kept(AuthorizationGrant.account_id)
        & ~exists().where(RefreshFamilyRow.grant_id == AuthorizationGrant.id)
        & ~exists().where(AuthorizationCodeRow.grant_id == AuthorizationGrant.id)
        & ~exists().where(DeviceAuthorizationRow.grant_id == AuthorizationGrant.id)
    )


def _client_session_is_over(now: datetime) -> ColumnElement[bool]:
    return (
        exists().where(OPSession.id == ClientSession.op_session_id, OPSession.expires_at < now - _SESSIONS_SHOW_FOR)
        & ~_is_kept(ClientSession.account_id)
        & ~exists().where(AuthorizationGrant.client_session_id == ClientSession.id)
    )


def _session_is_over(now: datetime) -> ColumnElement[bool]:
    return (
        (OPSession.expires_at < now - _SESSIONS_SHOW_FOR)
        & ~_is_kept(OPSession.account_id)
        & ~exists().where(ClientSession.op_session_id == OPSession.id)
        & ~exists().where(AuthorizationGrant.op_session_id == OPSession.id)
    )


def _notice_is_over(now: datetime) -> ColumnElement[bool]:
    """Its delivery is no longer shown."""
    return (Notice.id < first_uuid7(now - _DELIVERIES_SHOW_FOR)) & ~exists().where(OutboxMessage.about == Notice.id)


def _device_is_over(now: datetime) -> ColumnElement[bool]:
    is_over = or_(Device.last_seen_at < now - _DEVICES_LAST, Device.ended_at < now - _SESSIONS_SHOW_FOR)
    return is_over & ~_is_kept(Device.account_id)


EXPIRED: Final[tuple[Purge, ...]] = (
    Purge(UsedJTI, lambda now: UsedJTI.expires_at < now - _SKEW),
    Purge(RevokedToken, lambda now: RevokedToken.expires_at < now - _SKEW),
    Purge(SpentChallenge, lambda now: SpentChallenge.expires_at < now - _SKEW),
    Purge(ThrottleCounter, lambda now: ThrottleCounter.expires_at < now),
    Purge(AuthorizationCodeRow, lambda now: AuthorizationCodeRow.expires_at < now - _REPLAY_SHOWS_FOR),
    Purge(PushedRequestRow, lambda now: PushedRequestRow.expires_at < now),
    Purge(DeviceAuthorizationRow, lambda now: DeviceAuthorizationRow.expires_at < now - _REPLAY_SHOWS_FOR),
    Purge(RefreshFamilyRow, lambda now: RefreshFamilyRow.expires_at < now - _REPLAY_SHOWS_FOR),
    Purge(SignInAttempt, lambda now: SignInAttempt.expires_at < now),
    Purge(ClientSecretRow, lambda now: ClientSecretRow.expires_at < now),
    Purge(InitialAccessToken, lambda now: InitialAccessToken.expires_at < now),
    Purge(WorkerHeartbeat, lambda now: WorkerHeartbeat.beat_at < now - _DAY),
)
"""Rows that count for nothing once their time is over."""

HISTORY: Final[tuple[Purge, ...]] = (
    Purge(AuditTally, lambda now: AuditTally.bucket < bucket_of(now - KEPT_FOR)),
    Purge(OutboxMessage, lambda now: OutboxMessage.settled_at < now - _DELIVERIES_SHOW_FOR),
    Purge(Notice, _notice_is_over),
    Purge(Alert, lambda now: Alert.raised_at < now - _DELIVERIES_SHOW_FOR),
    Purge(BlockEntry, lambda now: BlockEntry.expires_at < now - _LISTS_SHOW_FOR),
    Purge(BannerRow, lambda now: BannerRow.ends_at < now - _LISTS_SHOW_FOR),
    Purge(ExpiryNotice, lambda now: ExpiryNotice.ends_at < now - _DELIVERIES_SHOW_FOR),
    Purge(AuthorizationGrant, _grant_is_over),
    Purge(ClientSession, _client_session_is_over),
    Purge(OPSession, _session_is_over),
    Purge(Device, _device_is_over),
)
"""Rows that people look at for a while after they have ended."""


def purge(database: Database, now: datetime, purges: Sequence[Purge]) -> int:
    """Delete what is over, at most 100,000 rows of each table. Returns how many rows went."""
    return sum(_purge_one(database, now, one) for one in purges)


def _purge_one(database: Database, now: datetime, one: Purge) -> int:
    table: Any = one.table.__table__
    key = list(table.primary_key.columns)
    chosen = select(*key).where(one.is_over(now)).limit(BATCH)
    statement = delete(table).where((key[0] if len(key) == 1 else tuple_(*key)).in_(chosen))
    gone = 0
    for _ in range(_MOST_BATCHES):
        with database.transaction() as connection:
            count = connection.execute(statement).rowcount
        gone += count
        if count < BATCH:
            break
    return gone


JOBS: Final = (
    Job(
        "purge_expired", timedelta(minutes=5), lambda services: purge(services.database, services.clock.now(), EXPIRED)
    ),
    Job("purge_history", timedelta(hours=1), lambda services: purge(services.database, services.clock.now(), HISTORY)),
)
