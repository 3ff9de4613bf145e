"""Opening, reading and raising sessions. A new session id at every sign-in, step-up and change of hat (ASVS 7.2.4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from idp.audit.service import Audit
from idp.factors.assurance import VerifiedFactor
from idp.foundation.clock import Clock
from idp.foundation.columns import microseconds
from idp.foundation.conditional_write import ConditionalWrite
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.outbox import Outbox
from idp.foundation.settings import Settings
from idp.networks.service import Networks
from idp.registry.service import Registry
from idp.sessions import store
from idp.sessions.events import ActingFor, OrganizationChosen, SessionOpened, SessionRaised
from idp.sessions.filters import SessionFilter
from idp.sessions.live_span import LiveSpan
from idp.sessions.models import OPSession
from idp.sessions.rating import NO_SIGN, RiskSign
from idp.sessions.rules import SEEN_GRANULARITY, Lifetimes
from idp.sessions.sweeps import Sweeps
from idp.sessions.termination import OnEnded, Terminator
from idp.sessions.values import PROVIDER, Browser, Ended, OpenedSession, Selector, Session, SessionSummary, SiteSession

_LONGEST_AGENT = 300


class Sessions:
    """The sessions of this provider."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        entropy: Entropy,
        audit: Audit,
        *,
        outbox: Outbox,
        registry: Registry,
        settings: Settings,
        on_ended: OnEnded | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._networks: Networks | None = None
        self._environment = settings.environment
        self._lifetimes = Lifetimes.of(settings)
        self._new_session = ConditionalWrite(database, store.INSERT_SESSION[database.dialect])
        self._live_span = LiveSpan(database, clock)
        self._terminator = Terminator(database, clock, audit, outbox=outbox, registry=registry, on_ended=on_ended)
        self.sweeps = Sweeps(database, clock, entropy, terminator=self._terminator, live_span=self._live_span)

    def place_by(self, networks: Networks) -> None:
        """Take the table that says where a session begins; without it, sessions begin nowhere."""
        self._networks = networks

    def load(self, cookie: str | None, surface: str = PROVIDER) -> Session | None:
        """Return the live session of a surface's cookie, of one of our accounts, not locked, not closed; one SELECT."""
        if not cookie:
            return None
        with self._database.read() as connection:
            values = {"digest": sha256(cookie), "surface": surface, "environment": self._environment}
            rows = store.BY_DIGEST.rows(connection, values)
        if not rows or rows[0].locked_at is not None or rows[0].closed_at is not None:
            return None
        session = store.session_of(rows[0])
        return session if self.is_live(session) else None

    def is_live(self, session: Session) -> bool:
        """Tell whether a session is within its idle and total lifetimes."""
        return self._lifetimes.is_live(
            session.account_kind,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            now=self._clock.now(),
        )

    def touch(self, session: Session) -> None:
        """Note that a session is in use; written at most once a minute."""
        now = self._clock.now()
        if now - session.last_seen_at >= SEEN_GRANULARITY:
            with self._database.lossy() as connection:
                connection.execute(store.TOUCH, {"session": session.id, "now": now})

    def open(
        self,
        account_id: UUID,
        factors: Sequence[VerifiedFactor],
        interaction_id: UUID,
        browser: Browser,
        *,
        replacing: Session | None = None,
        organization_id: UUID | None = None,
        signs: RiskSign = NO_SIGN,
    ) -> OpenedSession | None:
        """Open the session of a finished sign-in, or raise the browser's live one if it is the same account's and acts
        for the same organization. ``signs`` are those that the sign-in itself knows of.

        Any other live session on this browser is ended. Returns None when the account was locked or closed meanwhile.
        """
        with self._database.transaction():
            if replacing is not None and _is_same(replacing, account_id, organization_id):
                raised = self._raise(replacing, factors, interaction_id, signs)
                if raised is not None:
                    return raised
            # The account first, as whoever ends all it has does: else each might hold what the other waits for.
            opened = self._insert(account_id, factors, interaction_id, browser, organization_id, signs)
            if replacing is not None:
                self.terminate(Selector(session_id=replacing.id), reason="replaced", actor=f"account:{account_id}")
            return opened

    def _insert(
        self,
        account_id: UUID,
        factors: Sequence[VerifiedFactor],
        interaction_id: UUID,
        browser: Browser,
        organization_id: UUID | None,
        signs: RiskSign,
    ) -> OpenedSession | None:
        now = self._clock.now()
        opened = OpenedSession(self._entropy.token(), self._entropy.uuid7())
        place = self._networks.place_of(browser.network or None) if self._networks else None
        values = self._proof(factors, interaction_id) | {
            "id": opened.session_id,
            "digest": sha256(opened.cookie),
            "account_id": account_id,
            "created_at": now,
            "last_seen_at": now,
            "expires_at": now + self._lifetimes.total,
            "staff_expires_at": now + self._lifetimes.staff_total,
            "organization_id": organization_id,
            "network": browser.network or None,
            "user_agent": browser.user_agent[:_LONGEST_AGENT] or None,
            "region": place and place.region_key,
            "operator": (place and place.operator_key) or None,
            "surface": browser.surface,
            "device_id": browser.device_id,
            "risk": (signs | (RiskSign.NEW_DEVICE if browser.is_new else NO_SIGN)).value,
            "risk_of_first": signs.value,
            "environment": self._environment,
        }
        event = SessionOpened(
            actor=f"account:{account_id}",
            account_id=account_id,
            session_id=opened.session_id,
            factors=tuple(factor.kind for factor in factors),
            new_device=browser.is_new or None,
        )
        return opened if self._audit.record_with(self._new_session, values, event) else None

    def _raise(
        self, session: Session, factors: Sequence[VerifiedFactor], interaction_id: UUID, signs: RiskSign
    ) -> OpenedSession | None:
        now = self._clock.now()
        opened = OpenedSession(self._entropy.token(), session.id)
        latest = {factor.kind: factor for factor in (*session.factors, *factors)}
        values = self._proof(tuple(latest.values()), interaction_id) | {
            "digest": sha256(opened.cookie),
            "last_seen_at": now,
        }
        statement = store.update_session(session.id)
        if signs:
            statement = statement.values(risk=OPSession.risk.bitwise_or(signs.value))
        with self._database.transaction() as connection:
            if connection.execute(statement, values).rowcount != 1:
                return None
            self._audit.record(
                SessionRaised(
                    actor=f"account:{session.account_id}",
                    account_id=session.account_id,
                    session_id=session.id,
                    factors=tuple(factor.kind for factor in factors),
                    factors_before=tuple(factor.kind for factor in session.factors),
                )
            )
        return opened

    def _proof(self, factors: Sequence[VerifiedFactor], interaction_id: UUID) -> dict[str, Any]:
        return {
            "auth_time": max(factor.at for factor in factors),
            "factors": [[factor.kind, microseconds(factor.at)] for factor in factors],
            "interaction_id": interaction_id,
        }

    def choose_organization(self, session: Session, organization_id: UUID) -> OpenedSession | None:
        """Let the session act for an organization from now on, under a new id; None if it has ended. What it granted
        before ends.
        """
        opened = OpenedSession(self._entropy.token(), session.id)
        values = {
            "digest": sha256(opened.cookie),
            "last_seen_at": self._clock.now(),
            "organization_id": organization_id,
        }
        with self._database.transaction() as connection:
            if connection.execute(store.update_session(session.id), values).rowcount != 1:
                return None
            self._terminator.end_client_sessions(session.id, reason="organization_changed")
            self._audit.record(
                OrganizationChosen(
                    actor=f"account:{session.account_id}",
                    account_id=session.account_id,
                    session_id=session.id,
                    before=_acting(session.organization_id),
                    after=_acting(organization_id),
                )
            )
        return opened

    def terminate(self, selector: Selector, *, reason: str, actor: str) -> Ended:
        """End sessions: the one way out. Departments are told through the outbox."""
        if selector.client_id is not None and selector.account_id is None:
            return self._terminate_at(selector.client_id, reason=reason, actor=actor)
        return self._terminator.terminate(selector, reason=reason, actor=actor)

    def _terminate_at(self, client_id: str, *, reason: str, actor: str) -> Ended:
        """End what a client holds, in batches, each one transaction of its own."""
        total, beyond = Ended(), self._live_span.begins()
        while True:
            page = self._terminator.end_client_batch(client_id, beyond=beyond, reason=reason, actor=actor)
            total, beyond = total + page.ended.counts, page.reached
            if page.is_last:
                return total

    def end_spared(self, account_id: UUID, *, reason: str, actor: str) -> int:
        """End what a person's own logouts have spared: tokens that would outlive a change of the credentials."""
        return self._terminator.end_spared(account_id, reason=reason, actor=actor)

    def end_batch(
        self,
        chosen: SessionFilter,
        *,
        began_until: datetime,
        after: UUID | None = None,
        most: int,
        reason: str,
        actor: str,
    ) -> Ended:
        """End the first of the sessions that a filter chooses and that began by a time, in the present transaction;
        ``after`` leaves out those up to an id.
        """
        begins = self._live_span.begins() if chosen.state == "live" else None
        beyond = max((one for one in (begins, after) if one is not None), default=None)
        condition = chosen.condition(self._clock.now(), beyond=beyond) & (OPSession.created_at <= began_until)
        self._database.plan_for_values()
        return self._terminator.end_batch(condition, most=most, reason=reason, actor=actor)

    def leave(self, session: Session, client_id: str) -> Ended:
        """End one site's part of a session, at the person's own wish."""
        return self._terminator.leave(session.id, client_id, actor=f"account:{session.account_id}")

    def sites(self, session: Session) -> Sequence[SiteSession]:
        """Return the sites that a session is signed in to, in the order of sign-in."""
        with self._database.read() as connection:
            return [SiteSession(*row) for row in connection.execute(store.LIVE_SITES, {"session": session.id})]

    def list(
        self,
        *,
        account_id: UUID | None = None,
        client_id: str | None = None,
        ended_since: datetime | None = None,
        limit: int = 200,
    ) -> list[SessionSummary]:
        """Return sessions, latest first: the live ones, and those ended since a time when one is given."""
        now = self._clock.now()
        statement = store.list_sessions(account_id=account_id, client_id=client_id, limit=limit)
        if ended_since is None:
            statement = statement.where(store.is_live(now), OPSession.id > self._live_span.begins())
        else:
            statement = statement.where(store.is_live(now) | store.ended_since(ended_since))
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            sites = connection.execute(store.client_ids_of([row.id for row in rows])).all()
        by_session: dict[UUID, list[str]] = {}
        for site in sites:
            by_session.setdefault(site.op_session_id, []).append(site.client_id)
        return [store.summary_of(row, tuple(by_session.get(row.id, ())), now) for row in rows]


def _is_same(session: Session, account_id: UUID, organization_id: UUID | None) -> bool:
    """Tell whether a session goes on; a step-up (None) leaves the organization as it is."""
    return session.account_id == account_id and organization_id in {None, session.organization_id}


def _acting(organization_id: UUID | None) -> ActingFor:
    return ActingFor(organization_id=None if organization_id is None else str(organization_id))
