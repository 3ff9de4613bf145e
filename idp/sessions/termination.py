"""The one way out. Sessions end first, then what hangs on them is listed, in one transaction (rule P3): a grant created
meanwhile either saw the session live and is listed here, or waits for this and finds it ended.

Ending a session is one update of its row: whatever uses a grant or a site's part asks for the session too. Written to
is only what outlives it, the grants for offline use, and what ends while it goes on (decision 0013).

The request never waits for a department: one outbox message for each site that wants to be told (OpenID Connect
Back-Channel Logout §2.5) commits with the end itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    any_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.columns import UUIDType
from idp.foundation.database import Database
from idp.foundation.outbox import NewMessage, Outbox
from idp.registry.service import Registry
from idp.sessions.devices import forget_devices
from idp.sessions.events import SessionsEnded
from idp.sessions.models import AuthorizationGrant, ClientSession, OPSession
from idp.sessions.values import Ended, EndedPage, EndedSite, Ending, Selector

MESSAGE_KIND = "backchannel_logout"
_BATCH = 500
# The person's own logout; anything else also ends what was granted for offline use.
SPARES_OFFLINE = frozenset({"logout", "replaced", "expired", "organization_changed"})

_SITE: Final = (
    ClientSession.account_id,
    ClientSession.client_id,
    ClientSession.sid,
    ClientSession.sub,
    ClientSession.op_session_id,
)

OnEnded = Callable[[Ending], None]
"""Who else is told in the same transaction: whatever it writes commits with the end."""


class Terminator:
    """Ends sessions, client sessions and grants."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        audit: Audit,
        *,
        outbox: Outbox,
        registry: Registry,
        on_ended: OnEnded | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._outbox = outbox
        self._registry = registry
        self._on_ended = on_ended

    def end_batch(self, chosen: ColumnElement[bool], *, most: int, reason: str, actor: str) -> Ended:
        """End at most so many of the chosen sessions (at most 500), in the present transaction."""
        with self._database.transaction():
            ids = self._end_sessions(chosen, reason, min(most, _BATCH))
            ended = self._end_with(ids, reason)
            total = Ended(len(ids), ended.client_sessions, ended.grants, tuple(ids), ended.sites)
            if ids:
                self._record(Selector(), total, reason, actor)
        return total

    def terminate(self, selector: Selector, *, reason: str, actor: str) -> Ended:
        """End what the selector names, in batches of 500 sessions, each one transaction of its own."""
        batches: list[Ended] = []
        while not batches or batches[-1].sessions == _BATCH:
            with self._database.transaction():
                ended = self._batch(selector, reason)
                if ended != Ended():
                    self._record(selector, ended, reason, actor)
            batches.append(ended)
        return Ended.all_of(batches)

    def end_client_batch(self, client_id: str, *, beyond: UUID, reason: str, actor: str) -> EndedPage:
        """End a client's part of its next 500 sessions beyond an id, in the present transaction; once these are at an
        end, the next 500 of its grants for offline use.
        """
        page = (
            select(ClientSession.id, ClientSession.op_session_id)
            .join(OPSession, OPSession.id == ClientSession.op_session_id)
            .where(ClientSession.client_id == client_id, ClientSession.op_session_id > beyond)
            .where(ClientSession.ended_at.is_(None), OPSession.ended_at.is_(None))
            .order_by(ClientSession.op_session_id)
            .limit(_BATCH)
        )
        with self._database.transaction() as connection:
            rows = connection.execute(page).all()
            sites, offline = [row.id for row in rows], Ended()
            ended = self._end_below(
                self._among(ClientSession.id, sites), self._among(AuthorizationGrant.client_session_id, sites), reason
            )
            if len(rows) < _BATCH:
                offline = self.end_offline_batch(reason, client_id)
            if ended + offline != Ended():
                self._record(Selector(client_id=client_id), ended + offline, reason, actor)
        is_last = len(rows) < _BATCH and offline.grants < _BATCH
        return EndedPage(ended + offline, rows[-1].op_session_id if rows else beyond, is_last)

    def end_offline_batch(self, reason: str, client_id: str | None = None, until: datetime | None = None) -> Ended:
        """End 500 grants for offline use, of a client or of all, that began by a time if one is given: what people's
        own sign-outs have spared hangs on no live session.
        """
        # In the words of the index that serves it.
        wanted = literal_column("authorization_grant.is_offline") & AuthorizationGrant.ended_at.is_(None)
        if client_id is not None:
            wanted &= AuthorizationGrant.client_id == client_id
        if until is not None:
            wanted &= AuthorizationGrant.created_at <= until
        chosen = select(AuthorizationGrant.id).where(wanted)
        page = chosen.order_by(AuthorizationGrant.client_id, AuthorizationGrant.id).limit(_BATCH)
        return Ended(grants=self._end_grants(AuthorizationGrant.id.in_(page), reason))

    def _batch(self, selector: Selector, reason: str) -> Ended:
        if selector.client_id is not None and selector.account_id is not None:
            return self._end_below(*_of_client(selector.client_id, selector.account_id), reason)
        if selector.client_session_id is not None:
            return self._end_below(
                ClientSession.id == selector.client_session_id,
                AuthorizationGrant.client_session_id == selector.client_session_id,
                reason,
            )
        ids = self._end_sessions(_condition(selector), reason)
        ended = self._end_with(ids, reason)
        grants = ended.grants
        if selector.account_id is not None and len(ids) < _BATCH and reason not in SPARES_OFFLINE:
            # What an earlier logout spared hangs on no live session any more.
            theirs = (AuthorizationGrant.account_id == selector.account_id) & AuthorizationGrant.is_offline
            if selector.organization_id is not None:
                theirs &= AuthorizationGrant.organization_id == selector.organization_id
            elif selector.other_than is None:
                with self._database.transaction() as connection:
                    forget_devices(connection, selector.account_id)
            else:
                theirs &= AuthorizationGrant.op_session_id != selector.other_than
            grants += self._end_grants(theirs, reason)
        return Ended(len(ids), ended.client_sessions, grants, tuple(ids), ended.sites)

    def leave(self, session_id: UUID, client_id: str, *, actor: str) -> Ended:
        """End one site's part of a session; the session itself goes on."""
        site = (ClientSession.op_session_id == session_id) & (ClientSession.client_id == client_id)
        grants = (AuthorizationGrant.op_session_id == session_id) & (AuthorizationGrant.client_id == client_id)
        with self._database.transaction():
            ended = self._end_below(site, grants, "logout")
            if ended != Ended():
                self._record(Selector(client_id=client_id, session_id=session_id), ended, "logout", actor)
        return ended

    def end_spared(self, account_id: UUID, *, reason: str, actor: str) -> int:
        """End the offline grants of an account that hang on no live session, and return how many there were."""
        over = OPSession.ended_at.is_not(None) | (OPSession.expires_at <= self._clock.now())
        gone = select(OPSession.id).where(OPSession.account_id == account_id, over)
        theirs = (AuthorizationGrant.account_id == account_id) & AuthorizationGrant.is_offline
        with self._database.transaction():
            grants = self._end_grants(theirs & AuthorizationGrant.op_session_id.in_(gone), reason)
            if grants:
                self._audit.record(
                    SessionsEnded(
                        actor=actor, account_id=account_id, reason=reason, sessions=0, client_sessions=0, grants=grants
                    )
                )
        return grants

    def end_client_sessions(self, session_id: UUID, *, reason: str) -> Ended:
        """End every site's part of a session that itself goes on, in the present transaction."""
        return self._end_below(
            ClientSession.op_session_id == session_id, AuthorizationGrant.op_session_id == session_id, reason
        )

    def _end_sessions(self, condition: ColumnElement[bool], reason: str, most: int = _BATCH) -> list[UUID]:
        chosen = select(OPSession.id).where(condition, OPSession.ended_at.is_(None)).order_by(OPSession.id).limit(most)
        statement = (
            update(OPSession)
            .where(OPSession.id.in_(chosen), OPSession.ended_at.is_(None))
            .values(ended_at=self._clock.now(), end_reason=reason)
            .returning(OPSession.id)
        )
        with self._database.transaction() as connection:
            return list(connection.scalars(statement))

    def _end_with(self, ids: list[UUID], reason: str) -> Ended:
        """Tell the sites of sessions that the present transaction has ended, and end what would outlive them."""
        if not ids:
            return Ended()
        sites = select(*_SITE).where(self._among(ClientSession.op_session_id, ids), ClientSession.ended_at.is_(None))
        if self._database.dialect == "postgresql":
            # Whoever is ending a site's part alone is waited for, and then waits for this: one of the two tells.
            sites = sites.with_for_update(read=True)
        theirs = self._among(AuthorizationGrant.op_session_id, ids) & AuthorizationGrant.ended_at.is_(None)
        count = select(func.count()).where(theirs, AuthorizationGrant.is_offline.is_(False))
        with self._database.transaction() as connection:
            told = self._tell(connection.execute(sites).all())
            grants = connection.scalar(count) or 0
            if reason not in SPARES_OFFLINE:
                grants += self._end_grants(theirs & AuthorizationGrant.is_offline, reason)
        return replace(told, grants=grants)

    def _among(self, column: InstrumentedAttribute[UUID], ids: list[UUID]) -> ColumnElement[bool]:
        # One array: hundreds of parameters would be written out and read anew for every batch.
        if self._database.dialect == "postgresql":
            return column == any_(bindparam(None, ids, type_=ARRAY(UUIDType)))
        return column.in_(ids)

    def _end_below(self, sites: ColumnElement[bool], grants: ColumnElement[bool], reason: str) -> Ended:
        """End sites' parts of sessions that go on, and what was granted to them."""
        goes_on = exists().where(OPSession.id == ClientSession.op_session_id, OPSession.ended_at.is_(None))
        statement = (
            update(ClientSession)
            .where(sites, ClientSession.ended_at.is_(None), goes_on)
            .values(ended_at=self._clock.now())
            .returning(*_SITE)
        )
        with self._database.transaction() as connection:
            told = self._tell(self._of_live_sessions(connection.execute(statement).all()))
            return replace(told, grants=self._end_grants(grants, reason))

    def _of_live_sessions(self, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Row[*tuple[Any, ...]]]:
        """Return the rows without those whose session ended while they were waited for: their sites are told."""
        if self._database.dialect == "sqlite" or not rows:
            return list(rows)
        ids = list({row.op_session_id for row in rows})
        with self._database.transaction() as connection:
            ended = set(
                connection.scalars(
                    select(OPSession.id).where(self._among(OPSession.id, ids), OPSession.ended_at.is_not(None))
                )
            )
        return [row for row in rows if row.op_session_id not in ended]

    def _tell(self, rows: Sequence[Row[*tuple[Any, ...]]]) -> Ended:
        self._outbox.enqueue(*(message for row in rows if (message := self._message(row)) is not None))
        ended = tuple(EndedSite(row.account_id, row.client_id, row.sid, row.sub) for row in rows)
        return Ended(client_sessions=len(rows), sites=ended)

    def _end_grants(self, condition: ColumnElement[bool], reason: str) -> int:
        statement = (
            update(AuthorizationGrant)
            .where(condition, AuthorizationGrant.ended_at.is_(None))
            .values(ended_at=self._clock.now(), end_reason=reason)
        )
        if reason in SPARES_OFFLINE:
            statement = statement.where(AuthorizationGrant.is_offline.is_(False))
        with self._database.transaction() as connection:
            return connection.execute(statement).rowcount

    def _message(self, row: Row[*tuple[Any, ...]]) -> NewMessage | None:
        client = self._registry.get(row.client_id)
        if client is None or not client.backchannel_logout_uri:
            return None
        told = {"client_id": row.client_id, "sid": row.sid, "sub": row.sub}
        return NewMessage(MESSAGE_KIND, row.client_id, told, row.op_session_id)

    def _record(self, selector: Selector, ended: Ended, reason: str, actor: str) -> None:
        if self._on_ended is not None:
            is_whole = selector == Selector(account_id=selector.account_id)
            self._on_ended(Ending(reason, actor, ended.sites, selector.account_id if is_whole else None))
        only = ended.session_ids[0] if len(ended.session_ids) == 1 else selector.session_id
        self._audit.record(
            SessionsEnded(
                actor=actor,
                account_id=selector.account_id,
                client_id=selector.client_id,
                session_id=only,
                reason=reason,
                sessions=ended.sessions,
                client_sessions=ended.client_sessions,
                grants=ended.grants,
            )
        )


def _of_client(client_id: str, account_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # What has ended with its session is not ended again, nor counted.
    goes_on = or_(
        AuthorizationGrant.is_offline,
        exists().where(OPSession.id == AuthorizationGrant.op_session_id, OPSession.ended_at.is_(None)),
    )
    sites = (ClientSession.client_id == client_id) & (ClientSession.account_id == account_id)
    theirs = (AuthorizationGrant.client_id == client_id) & (AuthorizationGrant.account_id == account_id)
    return sites, theirs & goes_on


def _condition(selector: Selector) -> ColumnElement[bool]:
    if selector.session_id is not None:
        return OPSession.id == selector.session_id
    if selector.account_id is not None:
        theirs = OPSession.account_id == selector.account_id
        if selector.organization_id is not None:
            return theirs & (OPSession.organization_id == selector.organization_id)
        return theirs if selector.other_than is None else theirs & (OPSession.id != selector.other_than)
    if selector.everything:
        return true()
    raise ValueError("a selector must name what to end")
