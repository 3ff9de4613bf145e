"""Two accounts of one human become one: the account that is kept takes over memberships and contacts that it lacks, and
the better proven human; the other one is closed.

Authenticators are never moved (rule S6), and the subjects of the closed account stay as tombstones, so that no ``sub``
ever means another account (rule P6).
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, delete, exists, insert, or_, select, update
from sqlalchemy.orm import aliased

from idp.accounts.models import Account, AccountLookup, Membership, NaturalPerson
from idp.accounts.store import update_live
from idp.accounts.tails import phone_tail
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.keyring.service import Keyring

_KINDS: Final = ("citizen", "enterprise")
_CONTACTS: Final = ("phone", "email")
_SAME: Final = marked("Choose another account than the one that is kept.")
_GONE: Final = marked("One of the accounts is closed, or is not there.")
_OTHER_KIND: Final = marked("Only two personal accounts, or two accounts of organizations, can be merged.")
_HELD: Final = marked("A legal hold is in force on one of the accounts. It has to end first.")
_KEPT_OUT: Final = marked("One of the accounts is locked, restricted, or has a requirement. That has to end first.")
_TWO_NUMBERS: Final = marked("The accounts have two different ID numbers: they are of two people.")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two accounts that can be merged, and the humans behind them."""

    kept: UUID
    merged: UUID
    kept_person: UUID
    merged_person: UUID
    person: UUID


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What the kept account got, by name and id, never the values."""

    person: UUID
    memberships: tuple[UUID, ...]
    contacts: tuple[str, ...]


class AccountMerging:
    """Moves what belongs to one account to another. Joins the transaction of the caller, who closes the account."""

    def __init__(self, database: Database, clock: Clock, keyring: Keyring) -> None:
        self._database = database
        self._clock = clock
        self._keyring = keyring

    def lock(self, kept: UUID, merged: UUID) -> None:
        """Have whoever changes or signs in to either account wait. In one order, so that two merges never embrace."""
        with self._database.transaction() as connection:
            for account_id in sorted((kept, merged)):
                connection.execute(update_live(account_id).values(updated_at=self._clock.now()))

    def pair(self, kept: UUID, merged: UUID) -> Pair:
        """Return two accounts that can be merged. Raises UserError with the reason why they cannot."""
        if kept == merged:
            raise UserError(_SAME, field="other")
        statement: Select[*tuple[Any, ...]] = (
            select(Account, NaturalPerson.id_number_digest)
            .join(NaturalPerson, NaturalPerson.id == Account.natural_person_id)
            .where(Account.id.in_([kept, merged]), Account.closed_at.is_(None))
        )
        with self._database.read() as connection:
            rows = {row.id: row for row in connection.execute(statement)}
        if len(rows) < len({kept, merged}):
            raise UserError(_GONE, field="other")
        self._check(rows[kept], rows[merged])
        persons = rows[kept].natural_person_id, rows[merged].natural_person_id
        # The human who has an ID number is the proven one.
        person = persons[1] if rows[merged].id_number_digest and not rows[kept].id_number_digest else persons[0]
        return Pair(kept, merged, *persons, person)

    def _check(self, kept: Row[Any], merged: Row[Any]) -> None:
        if kept.kind != merged.kind or kept.kind not in _KINDS or kept.is_demonstration != merged.is_demonstration:
            raise UserError(_OTHER_KIND, field="other")
        if kept.held_at is not None or merged.held_at is not None:
            raise UserError(_HELD, field="other")
        numbers = {row.id_number_digest for row in (kept, merged) if row.id_number_digest is not None}
        if len(numbers) > 1:
            raise UserError(_TWO_NUMBERS, field="other")
        now = self._clock.now()
        for row in (kept, merged):
            times = (row.restricted_until, row.reset_credential_until, row.reprove_identity_until)
            if row.locked_at is not None or any(until is not None and until > now for until in times):
                raise UserError(_KEPT_OUT, field="other")

    def take_over(self, pair: Pair) -> TakenOver:
        """Move memberships, contacts and the human to the kept account."""
        with self._database.transaction() as connection:
            if pair.kept_person != pair.merged_person:
                losing = pair.merged_person if pair.person == pair.kept_person else pair.kept_person
                connection.execute(
                    update(Account).where(Account.natural_person_id == losing).values(natural_person_id=pair.person)
                )
        return TakenOver(pair.person, self._memberships(pair), self._contacts(pair))

    def _memberships(self, pair: Pair) -> tuple[UUID, ...]:
        known = aliased(Membership)
        is_known = exists().where(
            known.account_id == pair.kept,
            known.organization_id == Membership.organization_id,
            known.ended_at.is_(None),
        )
        live = (Membership.account_id == pair.merged, Membership.ended_at.is_(None))
        with self._database.transaction() as connection:
            moved = tuple(connection.scalars(select(Membership.id).where(*live, ~is_known)))
            connection.execute(update(Membership).where(Membership.id.in_(moved)).values(account_id=pair.kept))
            connection.execute(update(Membership).where(*live).values(ended_at=self._clock.now()))
        return moved

    def _contacts(self, pair: Pair) -> tuple[str, ...]:
        """Move each contact that the kept account lacks, with what finds it; returns their names."""
        columns = (Account.id, Account.phone, Account.phone_verified, Account.email, Account.email_verified)
        found = select(*columns).where(or_(Account.id == pair.kept, Account.id == pair.merged))
        with self._database.transaction() as connection:
            rows = {row.id: row._asdict() for row in connection.execute(found)}
            kept, merged = rows[pair.kept], rows[pair.merged]
            moved = tuple(kind for kind in _CONTACTS if kept[kind] is None and merged[kind] is not None)
            values: dict[str, Any] = {}
            for kind in moved:
                text = self._keyring.decrypt(f"account.{kind}", pair.merged, merged[kind]).decode()
                values[kind] = self._keyring.encrypt(f"account.{kind}", pair.kept, text.encode())
                values[f"{kind}_verified"] = merged[f"{kind}_verified"]
                if kind == "phone":
                    values["phone_tail_digest"] = phone_tail(text, self._keyring)
            if values:
                connection.execute(update(Account).where(Account.id == pair.kept).values(**values))
            self._lookups(pair)
        return moved

    def _lookups(self, pair: Pair) -> None:
        """Move what leads to the closed account, of the kinds that lead to the kept one not yet."""
        lookup = AccountLookup
        columns = (lookup.account_id, lookup.kind, lookup.digest, lookup.signs_in)
        with self._database.transaction() as connection:
            rows = connection.execute(select(*columns).where(lookup.account_id.in_([pair.kept, pair.merged]))).all()
            known = {row.kind for row in rows if row.account_id == pair.kept}
            moved = [row._asdict() | {"account_id": pair.kept} for row in rows if row.kind not in known]
            connection.execute(delete(lookup).where(lookup.account_id == pair.merged))
            if moved:
                connection.execute(insert(lookup), moved)
