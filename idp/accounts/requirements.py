"""Requirements: flags with an expiry and a reason that let an account in, but ask something of it first.

``reset_credential``: no session opens before its person has set a new password, and has enrolled the factor that the
flag names. ``reprove_identity``: the identity counts as level 1 until it is proven again. Whoever opens a session or
issues a claim reads the account's own row; the rows here say what is in force, until when and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Select, delete, insert, or_, select, update

from idp.accounts.errors import AccountUnknown
from idp.accounts.events import CredentialRenewed, RequiredUntil, RequirementPlaced, RequirementWaived
from idp.accounts.models import Account, AccountRequirement
from idp.accounts.store import update_live
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.translation import marked

RESET_CREDENTIAL: Final = "reset_credential"
REPROVE_IDENTITY: Final = "reprove_identity"
KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        RESET_CREDENTIAL: marked("New password before the next sign-in"),
        REPROVE_IDENTITY: marked("Identity to be proven again"),
    }
)
FACTORS: Final = ("totp",)
"""The second factors that can be enrolled on the way to a session, and so can be asked for anew."""

_COLUMNS: Final = {RESET_CREDENTIAL: "reset_credential_until", REPROVE_IDENTITY: "reprove_identity_until"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One flag in force. ``factor`` is to be enrolled anew; with ``password_renewed`` only this is left to do."""

    kind: str
    until: datetime
    factor: str | None
    password_renewed: bool
    reason: str = field(repr=False)
    actor: str
    created_at: datetime


def needs_no_new_credential(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a session of the account may open."""
    return or_(Account.reset_credential_until.is_(None), Account.reset_credential_until <= now)


class Requirements:
    """The requirements of accounts."""

    def __init__(self, database: Database, clock: Clock, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    def in_force(self, account_id: UUID) -> tuple[Requirement, ...]:
        """Return what is in force on an account."""
        with self._database.read() as connection:
            return tuple(Requirement(*row) for row in connection.execute(self._select(account_id)))

    def renewal(self, account_id: UUID) -> Requirement | None:
        """Return what has to be renewed before a session opens, None if nothing has to."""
        return next((one for one in self.in_force(account_id) if one.kind == RESET_CREDENTIAL), None)

    def _select(self, account_id: UUID) -> Select[*tuple[Any, ...]]:
        flag = AccountRequirement
        columns = (flag.kind, flag.until, flag.factor, flag.password_renewed, flag.reason, flag.actor, flag.created_at)
        in_force = (flag.account_id == account_id, flag.until > self._clock.now())
        return select(*columns).where(*in_force).order_by(flag.kind)

    def place(
        self, account_id: UUID, kind: str, until: datetime, *, factor: str | None, reason: str, actor: str
    ) -> None:
        """Lay a requirement on an account, instead of one of the same kind. Raises AccountUnknown.

        The caller ends its sessions in the same transaction.
        """
        row = {"account_id": account_id, "kind": kind, "until": until, "factor": factor, "password_renewed": False}
        row |= {"reason": reason, "actor": actor, "created_at": self._clock.now()}
        with self._database.transaction() as connection:
            # The account's row first: two officers, and whoever signs in, come one after the other.
            self._set(account_id, kind, until)
            before = self._until(account_id, kind)
            connection.execute(_deletion(account_id, kind))
            connection.execute(insert(AccountRequirement), row)
            self._audit.record(
                RequirementPlaced(
                    account_id=account_id,
                    actor=actor,
                    reason=reason,
                    kind=kind,
                    before=before,
                    after=RequiredUntil(until=until.isoformat(), factor=factor),
                )
            )

    def waive(self, account_id: UUID, kind: str, *, reason: str, actor: str) -> bool:
        """Take a requirement away before its time. Return False if there was none. Raises AccountUnknown."""
        with self._database.transaction() as connection:
            self._set(account_id, kind, None)
            before = self._until(account_id, kind)
            if connection.execute(_deletion(account_id, kind)).rowcount == 0:
                return False
            self._audit.record(
                RequirementWaived(account_id=account_id, actor=actor, reason=reason, kind=kind, before=before)
            )
        return True

    def lock(self, account_id: UUID) -> None:
        """Have officers and other browsers of this account wait until the transaction under way ends."""
        with self._database.transaction() as connection:
            connection.execute(update_live(account_id).values(updated_at=self._clock.now()))

    def note_password_renewed(self, requirement: Requirement, account_id: UUID, *, actor: str) -> None:
        """Record that the person set a new password; what is done then is lifted. Call it after ``lock``."""
        if requirement.factor is None:
            self._fulfil(account_id, actor)
            return
        flag = AccountRequirement
        statement = update(flag).where(flag.account_id == account_id, flag.kind == RESET_CREDENTIAL)
        with self._database.transaction() as connection:
            connection.execute(statement.values(password_renewed=True))

    def note_factor_enrolled(self, account_id: UUID, factor: str, *, actor: str) -> None:
        """Record that the person enrolled a factor; if it was the last thing to be renewed, the flag is lifted."""
        with self._database.transaction():
            self.lock(account_id)
            requirement = self.renewal(account_id)
            if requirement is not None and requirement.password_renewed and requirement.factor == factor:
                self._fulfil(account_id, actor)

    def _fulfil(self, account_id: UUID, actor: str) -> None:
        with self._database.transaction() as connection:
            self._set(account_id, RESET_CREDENTIAL, None)
            before = self._until(account_id, RESET_CREDENTIAL)
            connection.execute(_deletion(account_id, RESET_CREDENTIAL))
            self._audit.record(CredentialRenewed(account_id=account_id, actor=actor, before=before))

    def _until(self, account_id: UUID, kind: str) -> RequiredUntil | None:
        """Return what a flag requires, for the record; what has passed by itself is required no more."""
        flag = AccountRequirement
        statement = select(flag.until, flag.factor).where(
            flag.account_id == account_id, flag.kind == kind, flag.until > self._clock.now()
        )
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else RequiredUntil(until=row.until.isoformat(), factor=row.factor)

    def _set(self, account_id: UUID, kind: str, until: datetime | None) -> None:
        values = {_COLUMNS[kind]: until, "updated_at": self._clock.now()}
        with self._database.transaction() as connection:
            if connection.execute(update_live(account_id).values(**values)).rowcount == 0:
                raise AccountUnknown


def _deletion(account_id: UUID, kind: str) -> Delete:
    return delete(AccountRequirement).where(
        AccountRequirement.account_id == account_id, AccountRequirement.kind == kind
    )
