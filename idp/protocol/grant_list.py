"""What clients hold in people's names (RFC 6749 §1.4 and §1.5), for staff: one statement a page, continued by the last
id seen.

Said is what is recorded: the scopes are those that the person's consent allows the client now, the most that a token of
the grant can say; a refresh is recorded in the refresh token's own row, the use of an access token nowhere. It stands
here because refresh tokens are known to the protocol alone.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, case, func, or_, select, union_all

from idp.accounts.models import Account
from idp.consents.grant_filter import GrantFilter, session_is_live
from idp.consents.models import Consent
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.keyset import PAGE, rows_of_page
from idp.protocol.artefacts.refresh_family import RefreshFamilyRow
from idp.sessions.live_span import LiveSpan
from idp.sessions.models import AuthorizationGrant, OPSession
from idp.sessions.rules import EXPIRED, end_of

LOOKED_AT: Final = 5_000
"""How many grants are looked at for a page of those with a scope: the scope stands in another row."""

_MINE: Final = RefreshFamilyRow.grant_id == AuthorizationGrant.id
_USED: Final = case(
    (RefreshFamilyRow.used_at > RefreshFamilyRow.rotated_at, RefreshFamilyRow.used_at),
    (RefreshFamilyRow.generation > 0, RefreshFamilyRow.rotated_at),
)
_UNTIL: Final = case(
    (RefreshFamilyRow.idle_expires_at < RefreshFamilyRow.expires_at, RefreshFamilyRow.idle_expires_at),
    else_=RefreshFamilyRow.expires_at,
)


def _of_families(value: ColumnElement[Any], name: str, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    latest = select(func.max(value)).where(_MINE, *conditions).correlate(AuthorizationGrant)
    return latest.scalar_subquery().label(name)


_COLUMNS: Final = (
    AuthorizationGrant.id,
    AuthorizationGrant.account_id,
    Account.username,
    Account.kind,
    AuthorizationGrant.client_id,
    AuthorizationGrant.op_session_id,
    AuthorizationGrant.sub,
    AuthorizationGrant.is_offline,
    AuthorizationGrant.claims,
    AuthorizationGrant.authorization_details,
    AuthorizationGrant.created_at,
    AuthorizationGrant.ended_at,
    AuthorizationGrant.end_reason,
    Consent.scopes,
    Consent.basis,
    Consent.first_granted_at,
    OPSession.expires_at.label("session_expires_at"),
    OPSession.ended_at.label("session_ended_at"),
    OPSession.end_reason.label("session_end_reason"),
    _of_families(_USED, "refreshed_at"),
    _of_families(_UNTIL, "refreshable_until", RefreshFamilyRow.ended_at.is_(None)),
)


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant as staff see it. ``scopes`` and ``basis`` are those of the consent, None once it is withdrawn; ``until``
    is when the last of it ends by itself, None where only the tokens of a few minutes are left.
    """

    id: UUID
    account_id: UUID
    username: str = field(repr=False)
    account_kind: str
    client_id: str
    session_id: UUID
    sub: str
    is_offline: bool
    claims: tuple[str, ...]
    details: tuple[str, ...]
    scopes: tuple[str, ...] | None
    basis: str | None
    allowed_at: datetime | None
    created_at: datetime
    refreshed_at: datetime | None
    until: datetime | None
    ended_at: datetime | None
    end_reason: str | None


class GrantList:
    """What staff find out about grants."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._live_span = LiveSpan(database, clock)

    def page(
        self, chosen: GrantFilter, *, before: UUID | None = None, after: UUID | None = None, size: int = PAGE
    ) -> list[GrantLine]:
        """Return up to ``size`` grants, latest first: those issued before one, or the nearest after one. With a scope,
        those among the next ``LOOKED_AT`` of the service or person that it is looked for in.
        """
        now, begins = self._clock.now(), self._live_span.begins()
        look = _Look(chosen, now, begins, before, after)
        ids = look.first(size) if chosen.scope is None else look.first_with_scope(size)
        statement = _lines().join(ids, ids.c.id == AuthorizationGrant.id)
        with self._database.searching() as connection:
            rows = rows_of_page(connection, statement, AuthorizationGrant.id, before=before, after=after, size=size)
        return [_line(row, now) for row in rows]

    def horizon(self, chosen: GrantFilter, *, before: UUID | None = None, after: UUID | None = None) -> UUID | None:
        """Return the last grant that was looked at for a page of a scope; None if there is nothing beyond it."""
        looked = _Look(chosen, self._clock.now(), self._live_span.begins(), before, after).window()
        with self._database.searching() as connection:
            return connection.scalar(select(looked.c.id).offset(LOOKED_AT - 1).limit(1))

    def find(self, grant_id: UUID) -> GrantLine | None:
        """Return one grant, live or ended."""
        with self._database.read() as connection:
            row = connection.execute(_lines().where(AuthorizationGrant.id == grant_id)).one_or_none()
        return None if row is None else _line(row, self._clock.now())


@dataclass(frozen=True, slots=True)
class _Look:
    """Finds the ids of a page, in the direction in which it goes on."""

    chosen: GrantFilter
    now: datetime
    begins: UUID
    before: UUID | None
    after: UUID | None

    def first(self, size: int) -> Subquery:
        """Select the first of each branch, so that PostgreSQL stops when the page is full."""
        arms = [
            self._on(select(AuthorizationGrant.id).where(one)).limit(size).subquery()
            for one in self.chosen.branches(self.now, self.begins)
        ]
        return union_all(*(select(arm.c.id) for arm in arms)).subquery("chosen")

    def first_with_scope(self, size: int) -> Subquery:
        """Select the first whose consent has the scope, among those of the window."""
        looked = self.window()
        chosen = select(looked.c.id).where(self.chosen.allows(looked.c.account_id, looked.c.client_id))
        if self.chosen.state == "live":
            session = session_is_live(self.now, looked.c.op_session_id)
            chosen = chosen.where(looked.c.ended_at.is_(None), or_(looked.c.is_offline, session))
        order = looked.c.id.desc() if self.after is None else looked.c.id
        return chosen.order_by(order).limit(size).subquery("chosen")

    def window(self) -> Subquery:
        """Select the grants that are looked at for a scope."""
        columns = (
            AuthorizationGrant.id,
            AuthorizationGrant.account_id,
            AuthorizationGrant.client_id,
            AuthorizationGrant.op_session_id,
            AuthorizationGrant.is_offline,
            AuthorizationGrant.ended_at,
        )
        looked = select(*columns).where(self.chosen.looked_at(self.begins))
        return self._on(looked).limit(LOOKED_AT).subquery("looked")

    def _on(self, statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        key = AuthorizationGrant.id
        if self.after is not None:
            return statement.where(key > self.after).order_by(key)
        if self.before is not None:
            statement = statement.where(key < self.before)
        return statement.order_by(key.desc())


def _lines() -> Select[Any]:
    in_force = and_(
        Consent.account_id == AuthorizationGrant.account_id,
        Consent.client_id == AuthorizationGrant.client_id,
        Consent.withdrawn_at.is_(None),
    )
    return (
        select(*_COLUMNS)
        .select_from(AuthorizationGrant)
        .join(Account, Account.id == AuthorizationGrant.account_id)
        .join(OPSession, OPSession.id == AuthorizationGrant.op_session_id)
        .outerjoin(Consent, in_force)
    )


def _line(row: Row[Any], now: datetime) -> GrantLine:
    until, (ended_at, end_reason) = _until(row), _end(row, now)
    return GrantLine(
        row.id,
        row.account_id,
        row.username,
        row.kind,
        row.client_id,
        row.op_session_id,
        row.sub,
        row.is_offline,
        tuple(sorted({name for names in row.claims.values() for name in names})),
        tuple(sorted({detail["type"] for detail in row.authorization_details or ()})),
        None if row.scopes is None else tuple(row.scopes),
        row.basis,
        row.first_granted_at,
        row.created_at,
        row.refreshed_at,
        until,
        ended_at,
        end_reason,
    )


def _until(row: Row[Any]) -> datetime | None:
    """Return when a grant ends by itself: with its session, and no later than its refresh token."""
    if row.is_offline:
        until: datetime | None = row.refreshable_until
        return until
    ends: list[datetime] = [one for one in (row.session_expires_at, row.refreshable_until) if one is not None]
    return min(ends)


def _end(row: Row[Any], now: datetime) -> tuple[datetime | None, str | None]:
    if row.ended_at is not None:
        return row.ended_at, row.end_reason
    if not row.is_offline:
        return end_of(row.session_ended_at, row.session_end_reason, expires_at=row.session_expires_at, now=now)
    is_over = row.refreshable_until is not None and row.refreshable_until <= now
    return (row.refreshable_until, EXPIRED) if is_over else (None, None)
