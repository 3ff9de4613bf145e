"""What is known about a browser at a client (OpenID Connect Core §3.1.2.3): its session, the remembered consent and the
live grant, found by one SELECT from the cookie's digest and the client id.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, select

from idp.accounts.claims import UNPROVEN
from idp.accounts.deployment import is_of_deployment
from idp.accounts.models import Account
from idp.accounts.service import Accounts
from idp.consents.models import Consent
from idp.consents.rules import Remembered
from idp.consents.service import REMEMBERED_COLUMNS, remembered_of
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.prepared_statement import PreparedStatement
from idp.registry.client import Client
from idp.sessions.grants import OpenGrant
from idp.sessions.models import AuthorizationGrant, ClientSession, OPSession, Subject
from idp.sessions.service import Sessions
from idp.sessions.store import SESSION_COLUMNS, is_spared, session_of
from idp.sessions.values import PROVIDER, Session

_GRANT_COLUMNS = (
    AuthorizationGrant.id.label("grant_id"),
    AuthorizationGrant.reference,
    ClientSession.sid,
    ClientSession.sub,
    AuthorizationGrant.is_offline,
    AuthorizationGrant.claims.label("grant_claims"),
    AuthorizationGrant.authorization_details.label("grant_details"),
)
_CLIENT: Any = bindparam("client")
_SECTOR: Any = bindparam("sector")
_SITUATION = PreparedStatement(
    select(*SESSION_COLUMNS, *_GRANT_COLUMNS, *REMEMBERED_COLUMNS, Subject.sub.label("known_sub"))
    .join(Account, Account.id == OPSession.account_id)
    .outerjoin(
        ClientSession,
        and_(
            ClientSession.op_session_id == OPSession.id,
            ClientSession.client_id == _CLIENT,
            ClientSession.ended_at.is_(None),
        ),
    )
    .outerjoin(
        AuthorizationGrant,
        and_(AuthorizationGrant.client_session_id == ClientSession.id, AuthorizationGrant.ended_at.is_(None)),
    )
    .outerjoin(
        Consent,
        and_(Consent.account_id == OPSession.account_id, Consent.client_id == _CLIENT, Consent.withdrawn_at.is_(None)),
    )
    .outerjoin(Subject, and_(Subject.account_id == OPSession.account_id, Subject.sector == _SECTOR))
    .where(
        OPSession.digest == bindparam("digest"),
        OPSession.surface == PROVIDER,
        OPSession.ended_at.is_(None),
        is_spared(),
        is_of_deployment(),
        Account.locked_at.is_(None),
        Account.closed_at.is_(None),
    )
    .order_by(AuthorizationGrant.is_offline.desc(), AuthorizationGrant.id.desc())
)
_AFTER_SESSION = len(SESSION_COLUMNS)
_AFTER_GRANT = _AFTER_SESSION + len(_GRANT_COLUMNS)


@dataclass(frozen=True, slots=True)
class Situation:
    """A live session at a client. ``sub`` is None before the account's first visit to the client's sector, and ``ial``
    where the client takes every level of identity.
    """

    session: Session
    grants: tuple[OpenGrant, ...]
    consent: Remembered | None
    sub: str | None
    ial: int | None = None


class Situations:
    """Reads situations."""

    def __init__(self, database: Database, sessions: Sessions, accounts: Accounts, *, environment: str) -> None:
        self._database = database
        self._sessions = sessions
        self._accounts = accounts
        self._environment = environment

    def of(self, cookie: str | None, client: Client, sector: str) -> Situation | None:
        """Return the situation, None without a live session; one SELECT, and one more for a client that asks for a
        level of identity.
        """
        if not cookie:
            return None
        with self._database.read() as connection:
            values = {"digest": sha256(cookie), "client": client.client_id, "sector": sector}
            rows = _SITUATION.rows(connection, values | {"environment": self._environment})
        if not rows:
            return None
        session = session_of(rows[0])
        if not self._sessions.is_live(session):
            return None
        grants = tuple(OpenGrant(*row[_AFTER_SESSION:_AFTER_GRANT]) for row in rows if row.grant_id is not None)
        ial = self._accounts.identity_level(session.account_id) if client.min_ial > UNPROVEN else None
        return Situation(session, grants, remembered_of(tuple(rows[0][_AFTER_GRANT:-1])), rows[0].known_sub, ial)
