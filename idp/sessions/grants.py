"""Extending a session to a client: the subject identifier, the client session and the grant.

A sign-in racing a sign-out loses (rule P3): both rows are inserted from a SELECT of the live session that holds it (FOR
SHARE on PostgreSQL; SQLite has one writer), and ``terminate`` ends the session before it lists what hangs on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Insert, bindparam, select, update

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.conditional_write import ConditionalWrite
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.prepared_statement import PreparedStatement
from idp.registry.client import Client
from idp.sessions.events import GrantCreated, GrantEnded, SessionsEnded
from idp.sessions.models import AuthorizationGrant, ClientSession, OPSession, Subject
from idp.sessions.store import bound_row
from idp.sessions.values import Session

PUBLIC_SECTOR = "*"
_IDENTIFIER_BYTES = 16

_SUBJECT = select(Subject.sub).where(Subject.account_id == bindparam("account"), Subject.sector == bindparam("sector"))
_LIVE_SITE = (
    select(ClientSession.id, ClientSession.sid, ClientSession.sub)
    .join(OPSession, OPSession.id == ClientSession.op_session_id)
    .where(
        ClientSession.op_session_id == bindparam("session"),
        ClientSession.client_id == bindparam("client"),
        ClientSession.ended_at.is_(None),
        OPSession.ended_at.is_(None),
    )
)
# Held, so that whoever ends the site's part alone (leaving it, withdrawing consent) finds the new grant.
_HELD_SITE = _LIVE_SITE.with_for_update(read=True, of=ClientSession)
_NEW_SITE = ("id", "op_session_id", "account_id", "client_id", "sid", "sub", "created_at")
_NEW_GRANT = (
    *("id", "reference", "account_id", "client_id", "op_session_id", "client_session_id", "interaction_id"),
    *("sub", "organization_id", "is_offline", "claims", "authorization_details", "created_at"),
)


def sector_of(client: Client) -> str:
    """Return the sector in which a client's subject identifiers are unique (OpenID Connect Core §8.1)."""
    return client.sector if client.subject_type == "pairwise" else PUBLIC_SECTOR


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


@dataclass(frozen=True, slots=True)
class _Site:
    """A site's live part of a session."""

    id: UUID
    sid: str
    sub: str


class Grants:
    """The authorization grants of this provider."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        new_site = _from_live_session(database, ClientSession, _NEW_SITE)
        self._insert_site = PreparedStatement(new_site.returning(ClientSession.id))
        self._new_grant = ConditionalWrite(database, _from_live_session(database, AuthorizationGrant, _NEW_GRANT))

    def open(
        self,
        session: Session,
        client_id: str,
        *,
        sector: str,
        interaction_id: UUID,
        is_offline: bool,
        claims: Mapping[str, Sequence[str]],
        known_sub: str | None = None,
        authorization_details: Sequence[Mapping[str, Any]] = (),
    ) -> OpenGrant | None:
        """Create a grant, and the site's part of the session if it is new. A subject never changes once it is known.

        Returns None when the session, or the site's part of it, has ended meanwhile, or this interaction has had its
        grant already (rule S2).
        """
        with self._database.transaction() as connection:
            sub = known_sub or self.subject(session.account_id, sector)
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
            event = GrantCreated(
                actor=f"account:{session.account_id}",
                account_id=session.account_id,
                client_id=client_id,
                session_id=session.id,
                is_offline=is_offline,
            )
            return grant if self._audit.record_with(self._new_grant, values, event) else None

    def subject(self, account_id: UUID, sector: str) -> str:
        """Return the account's subject identifier in a sector, making it at the first grant there."""
        mine = {"account": account_id, "sector": sector}
        with self._database.transaction() as connection:
            known = connection.scalar(_SUBJECT, mine)
            if known is not None:
                return known
            new = {
                "account_id": account_id,
                "sector": sector,
                "sub": self._entropy.token(_IDENTIFIER_BYTES),
                "created_at": self._clock.now(),
            }
            self._database.insert_if_new(Subject, new)
            return connection.scalars(_SUBJECT, mine).one()

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

    def end_batch(
        self, chosen: ColumnElement[bool], *, most: int, reason: str, actor: str, client_id: str | None
    ) -> Sequence[UUID]:
        """End the first of the chosen grants, by id, in the present transaction; return their ids. Their sites are told
        nothing: what is ended is what they hold, not who is signed in.
        """
        live = AuthorizationGrant.ended_at.is_(None)
        first = select(AuthorizationGrant.id).where(chosen, live).order_by(AuthorizationGrant.id).limit(most)
        statement = (
            update(AuthorizationGrant)
            .where(AuthorizationGrant.id.in_(first), live)
            .values(ended_at=self._clock.now(), end_reason=reason)
            .returning(AuthorizationGrant.id)
        )
        with self._database.transaction() as connection:
            ids = connection.scalars(statement).all()
            if ids:
                ended = SessionsEnded(
                    actor=actor, client_id=client_id, reason=reason, sessions=0, client_sessions=0, grants=len(ids)
                )
                self._audit.record(ended)
        return ids

    def _client_session(self, connection: Connection, session: Session, client_id: str, sub: str) -> _Site | None:
        new = _Site(self._entropy.uuid7(), self._entropy.token(_IDENTIFIER_BYTES), sub)
        values: dict[str, Any] = {
            "id": new.id,
            "op_session_id": session.id,
            "account_id": session.account_id,
            "client_id": client_id,
            "sid": new.sid,
            "sub": sub,
            "created_at": self._clock.now(),
        }
        if self._insert_site.rows(connection, values):
            return new
        live = _HELD_SITE if self._database.dialect == "postgresql" else _LIVE_SITE
        row = connection.execute(live, {"session": session.id, "client": client_id}).one_or_none()
        return None if row is None else _Site(*row)


def _from_live_session(
    database: Database, model: type[ClientSession | AuthorizationGrant], names: Sequence[str]
) -> Insert:
    """Return the INSERT of a row whose session is live, and held until the transaction ends."""
    row = bound_row(model, names)
    source = select(*row.values()).where(OPSession.id == row["op_session_id"], OPSession.ended_at.is_(None))
    if database.dialect == "postgresql":
        source = source.with_for_update(read=True, of=OPSession)
    inserted: Insert = database.insert_new(model).from_select(names, source)
    return inserted
