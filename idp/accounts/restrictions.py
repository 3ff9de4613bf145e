"""Restrictions: flags with an expiry and a reason that keep an account out, each lifted by itself.

Who signs in is stopped by ``account.restricted_until`` alone; the rows say what is in force, until when and why.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Delete, delete, func, insert, or_, select

from idp.accounts.errors import AccountUnknown
from idp.accounts.events import AccountRestricted, RestrictedUntil, RestrictionLifted
from idp.accounts.models import Account, AccountRestriction
from idp.accounts.store import update_live
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.translation import marked

KINDS: Final = {"block": marked("Block, for a danger"), "suspend": marked("Suspension, by a decision")}
"""Both keep the account out; each is lifted by whoever laid it on for its own cause."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """One flag in force."""

    kind: str
    until: datetime
    reason: str = field(repr=False)
    actor: str
    created_at: datetime


def is_unrestricted(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that no restriction keeps an account out."""
    return or_(Account.restricted_until.is_(None), Account.restricted_until <= now)


class Restrictions:
    """The restrictions of accounts."""

    def __init__(self, database: Database, clock: Clock, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    def in_force(self, account_id: UUID) -> tuple[Restriction, ...]:
        """Return what is in force on an account."""
        statement = (
            select(
                AccountRestriction.kind,
                AccountRestriction.until,
                AccountRestriction.reason,
                AccountRestriction.actor,
                AccountRestriction.created_at,
            )
            .where(AccountRestriction.account_id == account_id, AccountRestriction.until > self._clock.now())
            .order_by(AccountRestriction.kind)
        )
        with self._database.read() as connection:
            return tuple(Restriction(*row) for row in connection.execute(statement))

    def place(self, account_id: UUID, kind: str, until: datetime, *, reason: str, actor: str) -> None:
        """Lay a restriction on an account, instead of one of the same kind. Raises AccountUnknown.

        The caller ends its sessions in the same transaction.
        """
        row = {"account_id": account_id, "kind": kind, "until": until, "reason": reason, "actor": actor}
        with self._database.transaction() as connection:
            # The account's row first: two officers, and whoever signs in, come one after the other.
            self._touch(account_id)
            before = self._until(connection, account_id, kind)
            connection.execute(_deletion(account_id, kind))
            connection.execute(insert(AccountRestriction), {**row, "created_at": self._clock.now()})
            self._recompute(account_id)
            after = RestrictedUntil(until=until.isoformat())
            self._audit.record(
                AccountRestricted(
                    account_id=account_id, actor=actor, reason=reason, kind=kind, before=before, after=after
                )
            )

    def lift(self, account_id: UUID, kind: str, *, reason: str, actor: str) -> bool:
        """Take a restriction away before its time. Return False if there was none. Raises AccountUnknown."""
        with self._database.transaction() as connection:
            self._touch(account_id)
            before = self._until(connection, account_id, kind)
            if connection.execute(_deletion(account_id, kind)).rowcount == 0:
                return False
            self._recompute(account_id)
            self._audit.record(
                RestrictionLifted(account_id=account_id, actor=actor, reason=reason, kind=kind, before=before)
            )
        return True

    def _until(self, connection: Connection, account_id: UUID, kind: str) -> RestrictedUntil | None:
        """Return what an account is under now; one that has passed by itself is no restriction any more."""
        until = connection.scalar(
            select(AccountRestriction.until).where(
                AccountRestriction.account_id == account_id,
                AccountRestriction.kind == kind,
                AccountRestriction.until > self._clock.now(),
            )
        )
        return None if until is None else RestrictedUntil(until=until.isoformat())

    def _touch(self, account_id: UUID) -> None:
        with self._database.transaction() as connection:
            if connection.execute(update_live(account_id).values(updated_at=self._clock.now())).rowcount == 0:
                raise AccountUnknown

    def _recompute(self, account_id: UUID) -> None:
        latest = select(func.max(AccountRestriction.until)).where(AccountRestriction.account_id == account_id)
        with self._database.transaction() as connection:
            connection.execute(update_live(account_id).values(restricted_until=latest.scalar_subquery()))


def _deletion(account_id: UUID, kind: str) -> Delete:
    return delete(AccountRestriction).where(
        AccountRestriction.account_id == account_id, AccountRestriction.kind == kind
    )
