"""Granting, listing and withdrawing consent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from idp.audit.service import Audit
from idp.consents.events import Allowed, ConsentDenied, ConsentGranted, ConsentWithdrawn
from idp.consents.models import Consent
from idp.consents.rules import Decision, Remembered, remembered_after
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.errors import UserError
from idp.foundation.prepared_statement import PreparedStatement
from idp.sessions.service import Sessions
from idp.sessions.values import Selector

STATUTORY = "statutory"

REMEMBERED_COLUMNS = (
    Consent.basis,
    Consent.scopes,
    Consent.claims,
    Consent.declined,
    Consent.granted_at,
    Consent.expires_at,
    Consent.services,
    Consent.authorization_details,
    Consent.purposes,
)
_IN_FORCE = select(*REMEMBERED_COLUMNS).where(
    Consent.account_id == bindparam("account"), Consent.client_id == bindparam("client"), Consent.withdrawn_at.is_(None)
)
_HELD = {
    "sqlite": PreparedStatement(_IN_FORCE),
    "postgresql": PreparedStatement(_IN_FORCE.with_for_update(read=True)),
}


@dataclass(frozen=True, slots=True)
class ConsentSummary:
    """A line of a person's list of connected services."""

    client_id: str
    basis: str
    scopes: tuple[str, ...]
    claims: tuple[str, ...]
    first_granted_at: datetime
    expires_at: datetime
    last_used_at: datetime | None

    @property
    def is_statutory(self) -> bool:
        return self.basis == STATUTORY


def remembered_of(values: tuple[Any, ...]) -> Remembered | None:
    """Return the consent of REMEMBERED_COLUMNS as they came from an outer join; None when there was no row."""
    basis, scopes, claims, declined, granted_at, expires_at, places, details, purposes = values
    if basis is None:
        return None
    return Remembered(
        basis,
        frozenset(scopes),
        frozenset(claims),
        frozenset(declined),
        granted_at,
        expires_at,
        frozenset(places or ()),
        tuple(details or ()),
        purposes or {},
    )


class Consents:
    """The consents of this provider."""

    def __init__(
        self, database: Database, clock: Clock, audit: Audit, sessions: Sessions, *, lifetime_seconds: int
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._sessions = sessions
        self._lifetime = timedelta(seconds=lifetime_seconds)

    def remembered(self, account_id: UUID, client_id: str) -> Remembered | None:
        """Return the consent in force, None when there is none or it was withdrawn."""
        with self._database.read() as connection:
            row = connection.execute(_IN_FORCE, {"account": account_id, "client": client_id}).one_or_none()
        return None if row is None else remembered_of(tuple(row))

    def held(self, account_id: UUID, client_id: str) -> Remembered | None:
        """Return the same, and keep it from being withdrawn until the present transaction ends, so that a withdrawal
        finds every grant that rests on it.
        """
        with self._database.transaction() as connection:
            rows = _HELD[self._database.dialect].rows(connection, {"account": account_id, "client": client_id})
        return remembered_of(tuple(rows[0])) if rows else None

    def grant(self, account_id: UUID, client_id: str, decision: Decision) -> Remembered:
        """Remember a decision, beside what was allowed before and not asked now."""
        now = self._clock.now()
        with self._database.transaction() as connection:
            before = self.remembered(account_id, client_id)
            after = remembered_after(decision, before, granted_at=now, expires_at=now + self._lifetime)
            values = _values_of(after)
            whose = {"account_id": account_id, "client_id": client_id}
            if not self._database.insert_if_new(Consent, whose | values | {"first_granted_at": now}):
                mine = (Consent.account_id == account_id) & (Consent.client_id == client_id)
                connection.execute(update(Consent).where(mine).values(values))
            self._audit.record(
                ConsentGranted(
                    actor=f"account:{account_id}",
                    account_id=account_id,
                    client_id=client_id,
                    basis=decision.basis,
                    scopes=tuple(sorted(decision.scopes)),
                    claims=tuple(sorted(decision.claims)),
                    declined=tuple(sorted(decision.declined)),
                    services=tuple(sorted(decision.services)),
                    authorization_details=decision.details,
                    before=None if before is None else _allowed(before),
                    after=_allowed(after),
                )
            )
        return after

    def deny(self, account_id: UUID, client_id: str) -> None:
        """Record that a person refused. Nothing else is stored."""
        self._audit.record(ConsentDenied(actor=f"account:{account_id}", account_id=account_id, client_id=client_id))

    def list(self, account_id: UUID) -> list[ConsentSummary]:
        """Return the consents in force of an account, latest first."""
        columns = (
            Consent.client_id,
            Consent.basis,
            Consent.scopes,
            Consent.claims,
            Consent.first_granted_at,
            Consent.expires_at,
            Consent.last_used_at,
        )
        statement = (
            select(*columns)
            .where(Consent.account_id == account_id, Consent.withdrawn_at.is_(None))
            .order_by(Consent.granted_at.desc())
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [ConsentSummary(row[0], row[1], tuple(row[2]), tuple(row[3]), *row[4:]) for row in rows]

    def withdraw(self, account_id: UUID, client_id: str, *, actor: str) -> bool:
        """Take a consent back and end every grant that rested on it, offline ones too. Returns False when there was
        none.

        Raises UserError for a statutory one, which a person cannot withdraw.
        """
        live = (Consent.account_id == account_id) & (Consent.client_id == client_id) & Consent.withdrawn_at.is_(None)
        with self._database.transaction() as connection:
            before = self.remembered(account_id, client_id)
            if before is not None and before.basis == STATUTORY:
                raise UserError("This service receives the information by law, so it cannot be withdrawn here.")
            ending = update(Consent).where(live).values(withdrawn_at=self._clock.now())
            if connection.execute(ending).rowcount == 0 or before is None:
                return False
            self._audit.record(
                ConsentWithdrawn(actor=actor, account_id=account_id, client_id=client_id, before=_allowed(before))
            )
            self._sessions.terminate(
                Selector(account_id=account_id, client_id=client_id), reason="consent_withdrawn", actor=actor
            )
        return True


def _values_of(consent: Remembered) -> dict[str, Any]:
    return {
        "basis": consent.basis,
        "scopes": sorted(consent.scopes),
        "claims": sorted(consent.claims),
        "declined": sorted(consent.declined),
        "services": sorted(consent.services) or None,
        "authorization_details": list(consent.details) or None,
        "purposes": dict(consent.purposes) or None,
        "granted_at": consent.granted_at,
        "expires_at": consent.expires_at,
        "withdrawn_at": None,
    }


def _allowed(consent: Remembered) -> Allowed:
    return Allowed(
        basis=consent.basis,
        scopes=tuple(sorted(consent.scopes)),
        claims=tuple(sorted(consent.claims)),
        declined=tuple(sorted(consent.declined)),
        services=tuple(sorted(consent.services)),
        authorization_details=len(consent.details),
    )
