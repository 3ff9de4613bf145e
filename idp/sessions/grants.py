"""Extending a session to a client: the subject identifier, the client session and the grant.

A sign-in racing a sign-out loses (rule P3): both rows are inserted from a SELECT of the live session that holds it (FOR
SHARE on PostgreSQL; SQLite has one writer), and ``terminate`` ends the session before it lists what hangs on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, literal, select, update

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.sessions.events import GrantCreated, GrantEnded
from idp.sessions.models import AuthorizationGrant, ClientSession, OPSession, Subject
from idp.sessions.values import Session

PUBLIC_SECTOR = "*"
_IDENTIFIER_BYTES = 16


@dataclass(frozen=True, slots=True)
class OpenGrant:
    """A live grant, with what its tokens will say."""

    id: UUID
    reference: str
    sid: str
    sub: str
    is_offline: bool
    claims: Mapping[str, Sequence[str]]
    authorization_details: Sequence[Mapping[str, Any]] | None = None


class Grants:
    """The authorization grants of this provider."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit

    def open(
        self,
        session: Session,
        client_id: str,
        *,
        sector: str,
        interaction_id: UUID,
        is_offline: bool,
        claims: Mapping[str, Sequence[str]],
        authorization_details: Sequence[Mapping[str, Any]] = (),
    ) -> OpenGrant | None:
        """Create a grant, and the site's part of the session if it is new.

        Returns None when the session, or the site's part of it, has ended meanwhile, or this interaction has had its
        grant already (rule S2).
        """
        with self._database.transaction() as connection:
            sub = self.subject(session.account_id, sector)
            site = self._client_session(connection, session, client_id, sub)
            if site is None:
                return None
            grant = OpenGrant(
                self._entropy.uuid7(),
                self._entropy.token(_IDENTIFIER_BYTES),
                site.sid,
                site.sub,
                is_offline,
                claims,
                list(authorization_details) or None,
            )
            values: dict[str, Any] = {
                "id": grant.id,
                "reference": grant.reference,
                "account_id": session.account_id,
                "client_id": client_id,
                "op_session_id": session.id,
                "client_session_id": site.id,
                "interaction_id": interaction_id,
                "sub": site.sub,
                "organization_id": session.organization_id,
                "is_offline": is_offline,
                "claims": {place: list(names) for place, names in claims.items()},
                "authorization_details": grant.authorization_details,
                "created_at": self._clock.now(),
            }
            if not self._insert_from_live_session(connection, AuthorizationGrant, values, session.id):
                return None
            self._audit.record(
                GrantCreated(
                    actor=f"account:{session.account_id}",
                    account_id=session.account_id,
                    client_id=client_id,
                    session_id=session.id,
                    is_offline=is_offline,
                )
            )
        return grant

    def subject(self, account_id: UUID, sector: str) -> str:
        """Return the account's subject identifier in a sector, making it at the first grant there."""
        mine = select(Subject.sub).where(Subject.account_id == account_id, Subject.sector == sector)
        with self._database.transaction() as connection:
            known = connection.scalar(mine)
            if known is not None:
                return known
            new = {
                "account_id": account_id,
                "sector": sector,
                "sub": self._entropy.token(_IDENTIFIER_BYTES),
                "created_at": self._clock.now(),
            }
            connection.execute(self._database.insert_new(Subject).values(new))
            return connection.scalars(mine).one()

    def organization_of(self, grant_id: UUID) -> UUID | None:
        """Return the organization that a grant's session acted for when it was given."""
        statement = select(AuthorizationGrant.organization_id).where(AuthorizationGrant.id == grant_id)
        with self._database.read() as connection:
            return connection.scalar(statement)

    def end(
        self, grant_id: UUID, *, reason: str, actor: str, client_id: str | None = None, account_id: UUID | None = None
    ) -> bool:
        """End one grant in the present transaction; every later use of its tokens sees it. False when it had ended
        already.
        """
        statement = (
            update(AuthorizationGrant)
            .where(AuthorizationGrant.id == grant_id, AuthorizationGrant.ended_at.is_(None))
            .values(ended_at=self._clock.now(), end_reason=reason)
        )
        with self._database.transaction() as connection:
            if connection.execute(statement).rowcount == 0:
                return False
            self._audit.record(GrantEnded(actor=actor, client_id=client_id, account_id=account_id, reason=reason))
        return True

    def _client_session(self, connection: Connection, session: Session, client_id: str, sub: str) -> Any:  # noqa: ANN401 - a result row
        values: dict[str, Any] = {
            "id": self._entropy.uuid7(),
            "op_session_id": session.id,
            "account_id": session.account_id,
            "client_id": client_id,
            "sid": self._entropy.token(_IDENTIFIER_BYTES),
            "sub": sub,
            "created_at": self._clock.now(),
        }
        self._insert_from_live_session(connection, ClientSession, values, session.id)
        live = (
            select(ClientSession.id, ClientSession.sid, ClientSession.sub)
            .join(OPSession, OPSession.id == ClientSession.op_session_id)
            .where(
                ClientSession.op_session_id == session.id,
                ClientSession.client_id == client_id,
                ClientSession.ended_at.is_(None),
                OPSession.ended_at.is_(None),
            )
        )
        if self._database.dialect == "postgresql":
            # Held, so that whoever ends the site's part alone (leaving it, withdrawing consent) finds the new grant.
            live = live.with_for_update(read=True, of=ClientSession)
        return connection.execute(live).one_or_none()

    def _insert_from_live_session(
        self,
        connection: Connection,
        table: type[ClientSession | AuthorizationGrant],
        values: dict[str, Any],
        session_id: UUID,
    ) -> bool:
        columns = table.__table__.columns
        row: Select[Any] = select(*(literal(value, columns[name].type) for name, value in values.items())).where(
            OPSession.id == session_id, OPSession.ended_at.is_(None)
        )
        row = row.select_from(OPSession)
        if self._database.dialect == "postgresql":
            row = row.with_for_update(read=True, of=OPSession)
        # RETURNING, because the driver of PostgreSQL forgets how many rows an INSERT made.
        statement = self._database.insert_new(table).from_select(list(values), row).returning(table.id)
        return connection.scalar(statement) is not None
