"""Finding accounts for staff by what people tell them: a username, phone number, e-mail address or ID number, or the
ends of numbers.

Numbers and addresses are found by their keyed digests; an ID number leads to every account of its human.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, select, union_all

from idp.accounts.claims import join_claims, profile_of
from idp.accounts.contacts import parse_email
from idp.accounts.events import AccountsAskedFor, AccountsSearched
from idp.accounts.identifiers import parse_identifier
from idp.accounts.models import Account, AccountLookup, NaturalPerson
from idp.accounts.tails import Tails, id_tail, phone_tail
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.keyring.service import Keyring

MOST: Final = 20


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account that fits what was asked. What the masks show is known where ends of numbers were asked for."""

    id: UUID
    username: str = field(repr=False)
    kind: str
    masked_name: str | None = None
    masked_id_number: str | None = None
    masked_phone: str | None = None


@dataclass(frozen=True, slots=True)
class FoundByTails:
    """The accounts of the ends of numbers; ``is_cut``: there are more than are shown."""

    accounts: tuple[FoundAccount, ...]
    is_cut: bool


class AccountSearch:
    """What staff find out about accounts."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, keyring: Keyring) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._keyring = keyring

    def find(self, text: str, *, actor: str) -> list[FoundAccount]:
        """Return the accounts of a username, phone number, e-mail address or ID number; one SELECT, and the record of
        it, found or not, where it is asked for by what is personal.
        """
        email, identifier = parse_email(text), parse_identifier(text)
        if email is None and identifier.kind == "username":
            with self._database.read() as connection:
                return self._found(connection, Account.username == identifier.value)
        kind, value = ("email", email.casefold()) if email is not None else (identifier.kind, identifier.value)
        with self._database.transaction() as connection:
            found = self._found(connection, Account.id.in_(_with_digest(self._keyring.index(kind, value))))
            self._audit.record(AccountsAskedFor(actor=actor, by=kind, found=len(found)))
        return found

    def _found(self, connection: Connection, condition: ColumnElement[bool]) -> list[FoundAccount]:
        columns = select(Account.id, Account.username, Account.kind)
        statement = columns.where(condition).order_by(Account.id).limit(MOST)
        return [FoundAccount(*row) for row in connection.execute(statement)]

    def usernames(self, account_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return what staff call these accounts; one SELECT for a whole list."""
        if not account_ids:
            return {}
        statement = select(Account.id, Account.username).where(Account.id.in_(account_ids))
        with self._database.read() as connection:
            return {row.id: row.username for row in connection.execute(statement)}

    def find_by_tails(self, tails: Tails, *, actor: str) -> FoundByTails:
        """Return the accounts of the ends of numbers, of all that were given; one SELECT, and the record of it."""
        statement = join_claims(select(Account.id, Account.username, Account.kind))
        if tails.id_number:
            statement = statement.where(NaturalPerson.id_tail_digest == id_tail(tails.id_number, self._keyring))
        if tails.phone:
            statement = statement.where(Account.phone_tail_digest == phone_tail(tails.phone, self._keyring))
        with self._database.transaction() as connection:
            rows = connection.execute(statement.order_by(Account.id).limit(MOST + 1)).mappings().all()
            found = tuple(self._masked(row) for row in rows[:MOST])
            self._audit.record(AccountsSearched(actor=actor, by=tails.kinds, found=len(found)))
        return FoundByTails(found, is_cut=len(rows) > MOST)

    def _masked(self, row: RowMapping) -> FoundAccount:
        profile = profile_of(row, self._keyring, self._clock.now())
        return FoundAccount(
            row["id"],
            row["username"],
            row["kind"],
            masked_name=profile.masked("legal_name"),
            masked_id_number=profile.masked("id_number"),
            masked_phone=profile.masked("phone"),
        )


def _with_digest(digest: bytes) -> Any:  # noqa: ANN401 - a compound SELECT
    """Select the accounts of a digest: of each partial index by itself, so that each is found by its index."""
    looked_up: Select[Any] = select(AccountLookup.account_id).where(AccountLookup.digest == digest)
    person = select(NaturalPerson.id).where(NaturalPerson.id_number_digest == digest).scalar_subquery()
    return union_all(
        looked_up.where(AccountLookup.signs_in),
        looked_up.where(~AccountLookup.signs_in),
        select(Account.id).where(Account.natural_person_id == person),
    )
