"""Every statement of sessions, as SQLAlchemy Core. Private to the package, but for the tables that hot paths join."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    Select,
    Update,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from idp.accounts.deployment import is_of_deployment
from idp.accounts.models import Account
from idp.accounts.requirements import needs_no_new_credential
from idp.accounts.restrictions import is_unrestricted
from idp.factors.assurance import VerifiedFactor
from idp.foundation.columns import Instant, moment_of
from idp.foundation.database import Base
from idp.foundation.prepared_statement import PreparedStatement
from idp.sessions.models import ClientSession, OPSession, SessionSweep
from idp.sessions.rules import end_of
from idp.sessions.values import Session, SessionSummary

SESSION_COLUMNS = (
    OPSession.id,
    OPSession.account_id,
    Account.kind.label("account_kind"),
    OPSession.created_at,
    OPSession.auth_time,
    OPSession.last_seen_at,
    OPSession.expires_at,
    OPSession.factors,
    OPSession.interaction_id,
    OPSession.organization_id,
)

_SWEPT_UNTIL = (
    select(func.coalesce(func.max(SessionSweep.began_until), literal_column("0")))
    .where(SessionSweep.client_id.is_(None), SessionSweep.finished_at.is_(None))
    .scalar_subquery()
)


def is_spared() -> ColumnElement[bool]:
    """Return the condition that a session is not among those that an unfinished sweep of all is ending: it, and what
    hangs on it, must not be used until the sweep has come to it (decision 0016).
    """
    return OPSession.created_at > _SWEPT_UNTIL


BY_DIGEST = PreparedStatement(
    select(*SESSION_COLUMNS, Account.locked_at, Account.closed_at)
    .join(Account, Account.id == OPSession.account_id)
    .where(
        OPSession.digest == bindparam("digest"),
        OPSession.surface == bindparam("surface"),
        OPSession.ended_at.is_(None),
        is_spared(),
        is_of_deployment(),
    )
)

TOUCH = (
    update(OPSession)
    .where(OPSession.id == bindparam("session"), OPSession.ended_at.is_(None))
    .values(last_seen_at=bindparam("now"))
)


def bound_row(model: type[Base], names: Sequence[str]) -> dict[str, BindParameter[Any]]:
    """Return a bound value for each of these columns, for an INSERT that takes its row from a SELECT."""
    columns = model.__table__.columns
    return {name: bindparam(name, type_=columns[name].type) for name in names}


_NEW_SESSION: dict[str, ColumnElement[Any]] = {
    **bound_row(OPSession, ("id", "digest", "account_id", "created_at", "auth_time", "last_seen_at", "factors")),
    **bound_row(OPSession, ("interaction_id", "organization_id", "network", "user_agent", "surface")),
    **bound_row(OPSession, ("region", "operator", "device_id")),
    "expires_at": case(
        (Account.kind == "staff", bindparam("staff_expires_at", type_=Instant)),
        else_=bindparam("expires_at", type_=Instant),
    ),
}
# Of an account that has never signed in before, a new device says nothing.
_earlier = aliased(OPSession)
_NEW_SESSION["risk"] = case(
    (exists().where(_earlier.account_id == _NEW_SESSION["account_id"]), bindparam("risk", type_=Integer)),
    else_=bindparam("risk_of_first", type_=Integer),
)
_OF_LIVE_ACCOUNT = select(*_NEW_SESSION.values()).where(
    Account.id == _NEW_SESSION["account_id"],
    is_of_deployment(),
    Account.locked_at.is_(None),
    Account.closed_at.is_(None),
    is_unrestricted(_NEW_SESSION["created_at"]),
    needs_no_new_credential(_NEW_SESSION["created_at"]),
)
# The account is kept from being locked until the transaction ends.
INSERT_SESSION = {
    dialect: insert(OPSession).from_select(list(_NEW_SESSION), source)
    for dialect, source in (
        ("sqlite", _OF_LIVE_ACCOUNT),
        ("postgresql", _OF_LIVE_ACCOUNT.with_for_update(read=True, of=Account)),
    )
}

LIVE_SITES = (
    select(ClientSession.client_id, ClientSession.created_at)
    .where(ClientSession.op_session_id == bindparam("session"), ClientSession.ended_at.is_(None))
    .order_by(ClientSession.id)
)


def factors_of(stored: Sequence[Sequence[Any]]) -> tuple[VerifiedFactor, ...]:
    """Return the verified factors of their stored form."""
    return tuple(VerifiedFactor(kind, moment_of(at)) for kind, at in stored)


def session_of(row: Any) -> Session:  # noqa: ANN401 - SQLAlchemy's row or a named tuple
    """Return the session of a row that has SESSION_COLUMNS."""
    return Session(
        row.id,
        row.account_id,
        row.account_kind,
        row.created_at,
        row.auth_time,
        row.last_seen_at,
        row.expires_at,
        factors_of(row.factors),
        row.interaction_id,
        row.organization_id,
    )


def update_session(session_id: UUID) -> Update:
    """Update a session unless it has ended."""
    return update(OPSession).where(OPSession.id == session_id, OPSession.ended_at.is_(None))


def is_live(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that nobody has ended a session, nor its own time."""
    return OPSession.ended_at.is_(None) & (OPSession.expires_at > now)


def ended_since(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that somebody, or its own time, has ended a session since; true of live ones as well."""
    return or_(OPSession.ended_at >= moment, OPSession.ended_at.is_(None) & (OPSession.expires_at >= moment))


def list_sessions(*, account_id: UUID | None, client_id: str | None, limit: int) -> Select[Any]:
    """Select sessions for a list, latest first."""
    statement = (
        select(*SESSION_COLUMNS, OPSession.network, OPSession.user_agent, OPSession.ended_at, OPSession.end_reason)
        .join(Account, Account.id == OPSession.account_id)
        .order_by(OPSession.id.desc())
        .limit(limit)
    )
    if account_id is not None:
        statement = statement.where(OPSession.account_id == account_id)
    if client_id is not None:
        statement = statement.where(
            exists().where(
                ClientSession.op_session_id == OPSession.id,
                ClientSession.client_id == client_id,
                ClientSession.ended_at.is_(None),
            )
        )
    return statement


def client_ids_of(session_ids: Sequence[UUID]) -> Select[UUID, str]:
    """Select the sites of each session."""
    return (
        select(ClientSession.op_session_id, ClientSession.client_id)
        .where(ClientSession.op_session_id.in_(session_ids))
        .order_by(ClientSession.id)
    )


def summary_of(row: Row[Any], client_ids: tuple[str, ...], now: datetime) -> SessionSummary:
    """Return the list line of a row of ``list_sessions``."""
    end = end_of(row.ended_at, row.end_reason, expires_at=row.expires_at, now=now)
    return SessionSummary(
        row.id,
        row.account_id,
        row.created_at,
        row.last_seen_at,
        row.expires_at,
        row.network,
        row.user_agent,
        client_ids,
        factors_of(row.factors),
        *end,
    )
