"""What is already taken: the usernames, numbers, humans and organizations that a batch of drafts may collide with or
join.

Asked in one statement a table for the whole batch, and kept up to date while the batch is worked through, so that two
drafts of one batch collide as two of different batches do. The UNIQUE constraints decide in the end; this only says it
in words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from sqlalchemy import Connection, select

from idp.accounts.draft import Draft
from idp.accounts.errors import Problem
from idp.accounts.kinds.kind import Kind
from idp.accounts.models import Account, AccountLookup, NaturalPerson, Organization
from idp.foundation.translation import marked
from idp.keyring.service import Keyring


@dataclass(frozen=True, slots=True)
class Digests:
    """The blind indexes of a draft's numbers and address."""

    phone: bytes | None
    email: bytes | None
    id_number: bytes | None

    def found_by(self, kind: Kind) -> Iterator[tuple[str, bytes]]:
        """Yield the look-ups of an account. An ID number leads to an account only where it signs in."""
        if self.phone:
            yield "phone", self.phone
        if self.email:
            yield "email", self.email
        if self.id_number and "id_number" in kind.identifiers:
            yield "id_number", self.id_number


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A human already recorded."""

    id: UUID
    ial: int
    ial_source: str
    legal_name: bytes | None


@dataclass(frozen=True, slots=True)
class KnownOrganization:
    """An organization already recorded, its name perhaps not yet."""

    id: UUID
    code: str
    name: str | None
    name_en: str | None


def digests_of(draft: Draft, keyring: Keyring) -> Digests:
    """Return the blind indexes of a draft. E-mail addresses are compared without case."""
    return Digests(
        phone=keyring.index("phone", draft.phone) if draft.phone else None,
        email=keyring.index("email", draft.email.casefold()) if draft.email else None,
        id_number=keyring.index("id_number", draft.id_number) if draft.id_number else None,
    )


@dataclass(slots=True)
class Taken:
    """What the database has of the values of a batch, and what the batch itself has claimed since."""

    usernames: set[str] = field(default_factory=set)
    sign_ins: set[tuple[str, bytes]] = field(default_factory=set)
    persons: dict[bytes, KnownPerson] = field(default_factory=dict)
    organizations: dict[str, KnownOrganization] = field(default_factory=dict)

    @classmethod
    def among(cls, connection: Connection, drafts: Sequence[Draft], digests: Sequence[Digests]) -> Self:
        """Return what the database already has of these drafts, in at most four statements."""
        usernames = [draft.username for draft in drafts]
        found = connection.scalars(select(Account.username).where(Account.username.in_(usernames)))
        taken = cls(usernames=set(found))
        taken._add_sign_ins(
            connection, [digest for keys in digests for digest in (keys.phone, keys.id_number) if digest]
        )
        taken._add_persons(connection, [keys.id_number for keys in digests if keys.id_number])
        taken._add_organizations(connection, {one.uscc for draft in drafts for one in draft.memberships})
        return taken

    def _add_sign_ins(self, connection: Connection, digests: list[bytes]) -> None:
        if digests:
            columns = select(AccountLookup.kind, AccountLookup.digest)
            rows = connection.execute(columns.where(AccountLookup.signs_in, AccountLookup.digest.in_(digests)))
            self.sign_ins.update((kind, bytes(digest)) for kind, digest in rows)

    def _add_persons(self, connection: Connection, digests: list[bytes]) -> None:
        if digests:
            person = NaturalPerson
            columns = select(person.id_number_digest, person.id, person.ial, person.ial_source, person.legal_name)
            for row in connection.execute(columns.where(person.id_number_digest.in_(digests))):
                self.persons[bytes(row[0] or b"")] = KnownPerson(*row[1:])

    def _add_organizations(self, connection: Connection, codes: set[str]) -> None:
        if codes:
            columns = select(Organization.id, Organization.uscc, Organization.name, Organization.name_en)
            for row in connection.execute(columns.where(Organization.uscc.in_(codes))):
                self.remember(KnownOrganization(row.id, row.uscc or "", row.name, row.name_en))

    def person(self, digests: Digests) -> KnownPerson | None:
        """Return the human with this ID number, None if not known or none was given."""
        return self.persons.get(digests.id_number) if digests.id_number else None

    def organization(self, code: str) -> KnownOrganization | None:
        return self.organizations.get(code)

    def remember(self, organization: KnownOrganization) -> None:
        self.organizations[organization.code] = organization

    def conflict(self, draft: Draft, digests: Digests) -> Problem | None:
        """Say which value of a draft another account has."""
        if draft.username in self.usernames:
            return Problem("username", marked("This username is taken."))
        if ("id_number", digests.id_number) in self._wanted(draft, digests):
            return Problem("id_number", marked("This person already has an account of this kind."))
        if ("phone", digests.phone) in self._wanted(draft, digests):
            return Problem("phone", marked("Another account signs in with this phone number."))
        return None

    def _wanted(self, draft: Draft, digests: Digests) -> set[tuple[str, bytes]]:
        return {pair for pair in digests.found_by(draft.kind) if pair[0] in draft.kind.identifiers} & self.sign_ins

    def claim(self, draft: Draft, digests: Digests, person: KnownPerson) -> None:
        """Count a draft that is about to be written."""
        self.usernames.add(draft.username)
        self.sign_ins.update(pair for pair in digests.found_by(draft.kind) if pair[0] in draft.kind.identifiers)
        if digests.id_number:
            self.persons[digests.id_number] = person
