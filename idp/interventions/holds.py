"""Legal holds: orders to keep everything of an account, by their reference number.

While one is in force nothing of the account is purged, and it is neither closed nor merged. What others did to look at
its person's data is told to the person when the hold has ended. A hold never hides what the officer did who placed it:
nobody reads a person's data unseen alone.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts.errors import AccountUnknown
from idp.accounts.models import Account, LegalHold
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.accounts import not_own
from idp.interventions.events import HeldBy, LegalHoldEnded, LegalHoldPlaced
from idp.staff.values import Officer

_MOST: Final = 200
_TWICE: Final = marked("This account is held under this reference number already.")


@dataclass(frozen=True, slots=True)
class Hold:
    """One order. ``ended_at`` None: it is in force."""

    id: UUID
    account_id: UUID
    username: str = field(repr=False)
    reference: str
    reason: str = field(repr=False)
    actor: str
    created_at: datetime
    ended_at: datetime | None

    def withholds(self, actor: str, at: datetime) -> bool:
        """Tell whether a look at personal data is told to the person only after this hold."""
        return actor != self.actor and at >= self.created_at and (self.ended_at is None or at < self.ended_at)


class LegalHolds:
    """The legal holds of this deployment."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit

    def in_force(self) -> tuple[Hold, ...]:
        """Return the holds in force, latest first."""
        return self._holds(LegalHold.ended_at.is_(None))

    def get(self, hold_id: UUID) -> Hold | None:
        """Return a hold in force."""
        return next(iter(self._holds(LegalHold.id == hold_id, LegalHold.ended_at.is_(None))), None)

    def of_account(self, account_id: UUID, *, ended_since: datetime | None = None) -> tuple[Hold, ...]:
        """Return the holds of an account: those in force, and those that ended since a time."""
        counts: ColumnElement[bool] = LegalHold.ended_at.is_(None)
        if ended_since is not None:
            counts |= LegalHold.ended_at >= ended_since
        return self._holds(LegalHold.account_id == account_id, counts)

    def _holds(self, *conditions: ColumnElement[bool]) -> tuple[Hold, ...]:
        hold = LegalHold
        statement: Select[*tuple[Any, ...]] = (
            select(
                hold.id,
                hold.account_id,
                Account.username,
                hold.reference,
                hold.reason,
                hold.actor,
                hold.created_at,
                hold.ended_at,
            )
            .join(Account, Account.id == hold.account_id)
            .where(*conditions)
            .order_by(hold.id.desc())
            .limit(_MOST)
        )
        with self._database.read() as connection:
            return tuple(Hold(*row) for row in connection.execute(statement))

    def place(self, account_id: UUID, reference: str, *, officer: Officer, reason: str) -> UUID:
        """Hold an account, closed or not. Returns the hold's id. Raises UserError."""
        not_own(self._database, account_id, officer)
        now, hold_id = self._clock.now(), self._entropy.uuid7()
        row = {"id": hold_id, "account_id": account_id, "reference": reference, "reason": reason}
        row |= {"actor": officer.actor, "created_at": now}
        with self._database.transaction() as connection:
            # The account's row first: whoever would close or merge it waits, and then finds it held.
            self._mark(account_id, now)
            try:
                connection.execute(insert(LegalHold), row)
            except IntegrityError:
                raise UserError(_TWICE, field="reference") from None
            self._audit.record(
                LegalHoldPlaced(
                    account_id=account_id,
                    actor=officer.actor,
                    reason=reason,
                    after=HeldBy(reference=reference),
                )
            )
        return hold_id

    def end(self, hold: Hold, *, officer: Officer, reason: str) -> bool:
        """End a hold; tells whether it was this call. Raises UserError."""
        not_own(self._database, hold.account_id, officer)
        ending = update(LegalHold).where(LegalHold.id == hold.id, LegalHold.ended_at.is_(None))
        others = exists().where(LegalHold.account_id == hold.account_id, LegalHold.ended_at.is_(None))
        with self._database.transaction() as connection:
            self._mark(hold.account_id, hold.created_at)
            if connection.execute(ending.values(ended_at=self._clock.now())).rowcount == 0:
                return False
            if not connection.scalar(select(others)):
                connection.execute(update(Account).where(Account.id == hold.account_id).values(held_at=None))
            self._audit.record(
                LegalHoldEnded(
                    account_id=hold.account_id,
                    actor=officer.actor,
                    reason=reason,
                    before=HeldBy(reference=hold.reference),
                )
            )
        return True

    def _mark(self, account_id: UUID, at: datetime) -> None:
        with self._database.transaction() as connection:
            if connection.execute(update(Account).where(Account.id == account_id).values(held_at=at)).rowcount == 0:
                raise AccountUnknown
