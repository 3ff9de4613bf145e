"""Finding accounts for staff by what people tell them: a username, phone number, e-mail address or ID number.

Numbers and addresses are found by their keyed digests; an ID number leads to every account of its human.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select, union_all

from idp.accounts.contacts import parse_email
from idp.accounts.identifiers import parse_identifier
from idp.accounts.models import Account, AccountLookup, NaturalPerson
from idp.foundation.database import Database
from idp.keyring.service import Keyring

_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account that fits what was asked."""

    id: UUID
    username: str = field(repr=False)
    kind: str


class AccountSearch:
    """What staff find out about accounts."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    def find(self, text: str) -> list[FoundAccount]:
        """Return the accounts of a username, phone number, e-mail address or ID number; one SELECT."""
        statement = select(Account.id, Account.username, Account.kind).order_by(Account.id).limit(_MOST)
        email, identifier = parse_email(text), parse_identifier(text)
        if email is not None:
            statement = statement.where(Account.id.in_(_with_digest(self._keyring.index("email", email.casefold()))))
        elif identifier.kind == "username":
            statement = statement.where(Account.username == identifier.value)
        else:
            digest = self._keyring.index(identifier.kind, identifier.value)
            statement = statement.where(Account.id.in_(_with_digest(digest)))
        with self._database.read() as connection:
            return [FoundAccount(*row) for row in connection.execute(statement)]

    def usernames(self, account_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return what staff call these accounts; one SELECT for a whole list."""
        if not account_ids:
            return {}
        statement = select(Account.id, Account.username).where(Account.id.in_(account_ids))
        with self._database.read() as connection:
            return {row.id: row.username for row in connection.execute(statement)}


def _with_digest(digest: bytes) -> Any:  # noqa: ANN401 - a compound SELECT
    """Select the accounts of a digest: of each partial index by itself, so that each is found by its index."""
    looked_up: Select[Any] = select(AccountLookup.account_id).where(AccountLookup.digest == digest)
    person = select(NaturalPerson.id).where(NaturalPerson.id_number_digest == digest).scalar_subquery()
    return union_all(
        looked_up.where(AccountLookup.signs_in),
        looked_up.where(~AccountLookup.signs_in),
        select(Account.id).where(Account.natural_person_id == person),
    )
