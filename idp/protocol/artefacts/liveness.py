"""When what a token hangs on is alive (rules P1 and P5, RFC 9700 §4.14.2): the grant, its account, and its session
unless it is offline.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_
from sqlalchemy.orm import InstrumentedAttribute

from idp.accounts.deployment import is_of_deployment
from idp.accounts.models import Account
from idp.sessions.models import AuthorizationGrant, OPSession
from idp.sessions.store import is_live, is_spared


def account_is_live() -> ColumnElement[bool]:
    """Return the condition that an account is of the deployment that ``:environment`` names, not locked, not closed."""
    return is_of_deployment() & Account.locked_at.is_(None) & Account.closed_at.is_(None)


def session_is_live(now: datetime | ColumnElement[datetime], *, even_offline: bool = False) -> ColumnElement[bool]:
    """Return the condition that a grant's session is live, or the grant is an offline one, and no sweep of all is
    ending either.
    """
    live = is_live(now) if even_offline else or_(AuthorizationGrant.is_offline, is_live(now))
    return live & is_spared()


def grant_is_live(
    grant_id: InstrumentedAttribute[UUID], now: datetime | ColumnElement[datetime], *, even_offline: bool = False
) -> ColumnElement[bool]:
    """Return the condition, on a table with a grant id, that its grant may be used.

    ``even_offline`` asks for a live session although the grant is an offline one: a code is redeemed while its person
    is there.
    """
    return (
        exists()
        .where(AuthorizationGrant.id == grant_id, AuthorizationGrant.ended_at.is_(None))
        .where(Account.id == AuthorizationGrant.account_id, account_is_live())
        .where(OPSession.id == AuthorizationGrant.op_session_id, session_is_live(now, even_offline=even_offline))
    )
