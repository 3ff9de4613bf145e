"""Lists and counts of sessions for staff: one statement a page, continued by the last id seen, never by an offset.

A session's id is a UUIDv7, so that the order of ids is the order of sign-ins.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Subquery, distinct, func, select
from sqlalchemy.orm import aliased

from idp.accounts.models import Account
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.keyset import PAGE, rows_of_page
from idp.sessions.filters import SessionFilter
from idp.sessions.live_span import LiveSpan
from idp.sessions.models import ClientSession, OPSession, Subject
from idp.sessions.rating import RiskSign
from idp.sessions.rules import end_of
from idp.sessions.store import factors_of
from idp.sessions.values import Estimate, SessionLine

_site = aliased(ClientSession)
_SITES: Final = (
    select(func.aggregate_strings(_site.client_id, " "))
    .where(_site.op_session_id == OPSession.id)
    .correlate(OPSession)
    .scalar_subquery()
)
_COLUMNS: Final = (
    OPSession.id,
    OPSession.account_id,
    Account.username,
    Account.kind,
    OPSession.created_at,
    OPSession.last_seen_at,
    OPSession.expires_at,
    OPSession.network,
    OPSession.user_agent,
    _SITES.label("sites"),
    OPSession.factors,
    OPSession.ended_at,
    OPSession.end_reason,
    OPSession.surface,
    OPSession.device_id,
    OPSession.risk,
)


class SessionSearch:
    """What staff find out about sessions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._live_span = LiveSpan(database, clock)

    def page(
        self, chosen: SessionFilter, *, before: UUID | None = None, after: UUID | None = None, size: int = PAGE
    ) -> list[SessionLine]:
        """Return up to ``size`` sessions, latest first: those that began before one, or the nearest after one."""
        if _is_led_by_site(chosen):
            theirs = _sessions_at(chosen.client_id, self._beyond(chosen), before, after)
            statement = self._matching(replace(chosen, client_id=None)).join(theirs, theirs.c.id == OPSession.id)
        else:
            statement = self._matching(chosen)
        with self._database.searching() as connection:
            rows = rows_of_page(connection, statement, OPSession.id, before=before, after=after, size=size)
        now = self._clock.now()
        return [_line(row, now) for row in rows]

    def find(self, session_id: UUID) -> SessionLine | None:
        """Return one session, live or ended."""
        statement = self._matching(SessionFilter(state="all")).where(OPSession.id == session_id)
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _line(row, self._clock.now())

    def by_site_session(self, text: str) -> UUID | None:
        """Return the session that a ``sid`` of a token belongs to."""
        statement = select(ClientSession.op_session_id).where(ClientSession.sid == text)
        with self._database.read() as connection:
            return connection.scalar(statement)

    def account_of_subject(self, sub: str) -> UUID | None:
        """Return the account that departments know by a ``sub``."""
        statement = select(Subject.account_id).where(Subject.sub == sub).limit(1)
        with self._database.read() as connection:
            return connection.scalar(statement)

    def estimate(self, chosen: SessionFilter) -> Estimate:
        """Count what ending the sessions of a filter would end."""
        ids = select(OPSession.id, OPSession.account_id).where(self._condition(chosen)).cte("chosen")
        sites = (
            select(func.count(distinct(ClientSession.client_id)))
            .join(ids, ids.c.id == ClientSession.op_session_id)
            .where(ClientSession.ended_at.is_(None))
            .scalar_subquery()
        )
        statement = select(func.count(), func.count(distinct(ids.c.account_id)), sites).select_from(ids)
        with self._database.searching() as connection:
            return Estimate(*connection.execute(statement).one())

    def _matching(self, chosen: SessionFilter) -> Select[Any]:
        return select(*_COLUMNS).join(Account, Account.id == OPSession.account_id).where(self._condition(chosen))

    def _condition(self, chosen: SessionFilter) -> ColumnElement[bool]:
        return chosen.condition(self._clock.now(), beyond=self._beyond(chosen))

    def _beyond(self, chosen: SessionFilter) -> UUID | None:
        return self._live_span.begins() if chosen.state == "live" else None


def _is_led_by_site(chosen: SessionFilter) -> bool:
    """Tell whether a site's own sessions are what a page is found by; those of a person or a network are fewer."""
    is_elsewhere_narrow = (
        chosen.account_id or chosen.network or chosen.regions or chosen.operators or chosen.device_id or chosen.sign
    )
    return chosen.client_id is not None and not is_elsewhere_narrow


def _sessions_at(client_id: str | None, beyond: UUID | None, before: UUID | None, after: UUID | None) -> Subquery:
    """Select the sessions of a site in the order of the list, so that PostgreSQL stops when the page is full."""
    key = ClientSession.op_session_id
    theirs = select(key.label("id")).where(ClientSession.client_id == client_id).distinct()
    if beyond is not None:
        theirs = theirs.where(key > beyond)
    if after is not None:
        return theirs.where(key > after).order_by(key).subquery("theirs")
    if before is not None:
        theirs = theirs.where(key < before)
    return theirs.order_by(key.desc()).subquery("theirs")


def _line(row: Row[Any], now: datetime) -> SessionLine:
    end = end_of(row.ended_at, row.end_reason, expires_at=row.expires_at, now=now)
    return SessionLine(
        row.id,
        row.account_id,
        row.created_at,
        row.last_seen_at,
        row.expires_at,
        row.network,
        row.user_agent,
        tuple(sorted(set((row.sites or "").split()))),
        factors_of(row.factors),
        *end,
        row.username,
        row.kind,
        row.surface,
        row.device_id,
        RiskSign(row.risk),
    )
