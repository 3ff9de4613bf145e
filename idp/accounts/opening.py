"""Writing new accounts, many at once: what is already taken is asked once for all, what fits is inserted table by
table.

One human is one row of ``natural_person``, found again by the digest of the ID number. A human already known is joined
as it is: neither the name nor the level of identity is changed from here, and no authenticator is ever touched (rule
S6).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Connection, insert, update

from idp.accounts.draft import Draft
from idp.accounts.errors import Problem
from idp.accounts.events import AccountOpened, OrganizationNames, OrganizationRecorded
from idp.accounts.models import Account, AccountLookup, Membership, NaturalPerson, Organization
from idp.accounts.organizations import NewMembership
from idp.accounts.tails import id_tail, phone_tail
from idp.accounts.taken import Digests, KnownOrganization, KnownPerson, Taken, digests_of
from idp.audit.events import Event
from idp.audit.models import AuditDetail, AuditEvent
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Base
from idp.foundation.entropy import Entropy
from idp.foundation.translation import marked
from idp.keyring.service import Keyring

# Parents before children, because the foreign keys are checked at each row.
_IN_ORDER: Final[tuple[type[Base], ...]] = (
    Organization,
    NaturalPerson,
    Account,
    AccountLookup,
    Membership,
    AuditEvent,
    AuditDetail,
)


UNWANTED_EMAIL: Final = Problem(
    "email", marked("New addresses of this e-mail domain are not taken at present. Give another address.")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A draft to be opened, and who asks. An import may do less with a human already known."""

    draft: Draft
    actor: str
    brings_password: bool = False
    import_id: UUID | None = None
    line: int | None = None


@dataclass(slots=True)
class _Sheet:
    """What one call is about to write."""

    rows: dict[type[Base], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    names: list[KnownOrganization] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class Opening:
    """Opens accounts within the transaction of the caller, who also answers for a race lost to another transaction."""

    def __init__(self, keyring: Keyring, audit: Audit, clock: Clock, entropy: Entropy, *, environment: str) -> None:
        self._keyring = keyring
        self._audit = audit
        self._clock = clock
        self._entropy = entropy
        self._environment = environment
        self.refuses_mail: Callable[[str], bool] = lambda _address: False

    def open(self, connection: Connection, requests: Sequence[Request]) -> list[UUID | Problem]:
        """Return for each request the id of its account, or why it alone was not opened. Raises IntegrityError."""
        digests = [digests_of(request.draft, self._keyring) for request in requests]
        taken = Taken.among(connection, [request.draft for request in requests], digests)
        sheet = _Sheet()
        outcomes = [self._add(request, keys, taken, sheet) for request, keys in zip(requests, digests, strict=True)]
        self._write(connection, sheet)
        return outcomes

    def _add(self, request: Request, digests: Digests, taken: Taken, sheet: _Sheet) -> UUID | Problem:
        draft = request.draft
        person = taken.person(digests)
        problem = taken.conflict(draft, digests) or (self._unfit(request, person) if person else None)
        if problem is None and draft.email is not None and self.refuses_mail(draft.email):
            problem = UNWANTED_EMAIL
        if problem:
            return problem
        joined = person is not None
        if person is None:
            person = self._add_person(draft, digests, sheet)
        account_id = self._add_account(draft, person.id, digests, sheet)
        taken.claim(draft, digests, person)
        for membership in draft.memberships:
            self._add_membership(membership, account_id, taken, request.actor, sheet)
        sheet.events.append(_opened(request, account_id, person, joined=joined))
        return account_id

    def _unfit(self, request: Request, person: KnownPerson) -> Problem | None:
        """Say why a draft may not join a human who is already known."""
        name = request.draft.name
        if person.legal_name is not None and name is not None and self._name_of(person) != name.full:
            return Problem("name", marked("This is not the name recorded for the ID number."))
        if request.import_id is None:
            return None
        if request.brings_password:
            return Problem("password_hash", marked("A password cannot be imported for a person who is already known."))
        if person.ial > (request.draft.declared_ial or 1):
            return Problem("ial", marked("The person is known at a higher identity level than this line declares."))
        return None

    def _name_of(self, person: KnownPerson) -> str:
        # The name of a human met earlier in the same batch is still at hand in the ciphertext just made.
        return self._keyring.decrypt("natural_person.legal_name", person.id, person.legal_name or b"").decode()

    def _add_person(self, draft: Draft, digests: Digests, sheet: _Sheet) -> KnownPerson:
        person_id, now = self._entropy.uuid7(), self._clock.now()
        name = draft.name
        values: Mapping[str, str | bytes | None] = {
            "legal_name": name.full if name else None,
            "family_name": name.family if name and draft.parts_are_given else None,
            "given_name": name.given if name and draft.parts_are_given else None,
            "id_number": draft.id_number,
            "birthdate": draft.birthdate.isoformat() if draft.birthdate else None,
            "gender": draft.gender,
            "address": orjson.dumps(draft.address) if draft.address else None,
        }
        row = self._encrypted("natural_person", person_id, values)
        level = draft.declared_ial or 1
        row |= {"id": person_id, "id_number_digest": digests.id_number, "ial": level, "ial_source": draft.ial_source}
        row["id_tail_digest"] = id_tail(draft.id_number, self._keyring)
        sheet.rows[NaturalPerson].append(row | {"created_at": now, "updated_at": now})
        return KnownPerson(person_id, level, draft.ial_source, row["legal_name"])

    def _add_account(self, draft: Draft, person_id: UUID, digests: Digests, sheet: _Sheet) -> UUID:
        account_id, now = self._entropy.uuid7(), self._clock.now()
        row = self._encrypted("account", account_id, {"phone": draft.phone, "email": draft.email})
        row |= {
            "id": account_id,
            "kind": draft.kind.name,
            "username": draft.username,
            "natural_person_id": person_id,
            "phone_tail_digest": phone_tail(draft.phone, self._keyring),
            "environment": self._environment,
            "is_demonstration": draft.is_demonstration,
            "phone_verified": draft.phone is not None and draft.phone_verified,
            "email_verified": draft.email is not None and draft.email_verified,
            "preferred_language": draft.preferred_language,
            "roles": list(draft.roles),
            "agency": draft.agency,
        }
        sheet.rows[Account].append(row | {"created_at": now, "updated_at": now, "credentials_changed_at": now})
        sheet.rows[AccountLookup] += [
            {"kind": kind, "digest": digest, "account_id": account_id, "signs_in": kind in draft.kind.identifiers}
            for kind, digest in digests.found_by(draft.kind)
        ]
        return account_id

    def _add_membership(
        self, membership: NewMembership, account_id: UUID, taken: Taken, actor: str, sheet: _Sheet
    ) -> None:
        now = self._clock.now()
        known = taken.organization(membership.uscc)
        if known is None:
            known = KnownOrganization(self._entropy.uuid7(), membership.uscc, membership.name, membership.name_en)
            taken.remember(known)
            row = {
                "id": known.id,
                "kind": "legal_person",
                "uscc": known.code,
                "name": known.name,
                "name_en": known.name_en,
            }
            sheet.rows[Organization].append(row | {"created_at": now})
            sheet.events.append(_recorded(None, known, actor))
        elif known.name is None and membership.name is not None:
            # A code that came without a name gets it from the first who knows it; nobody renames an organization from
            # here.
            named = KnownOrganization(known.id, known.code, membership.name, membership.name_en)
            taken.remember(named)
            sheet.names.append(named)
            sheet.events.append(_recorded(known, named, actor))
        values = {"account_id": account_id, "organization_id": known.id, "role": membership.role, "started_at": now}
        sheet.rows[Membership].append({"id": self._entropy.uuid7()} | values)

    def _encrypted(self, table: str, row: UUID, values: Mapping[str, str | bytes | None]) -> dict[str, Any]:
        return {
            column: None
            if value is None
            else self._keyring.encrypt(f"{table}.{column}", row, value.encode() if isinstance(value, str) else value)
            for column, value in values.items()
        }

    def _write(self, connection: Connection, sheet: _Sheet) -> None:
        recorded = [self._audit.rows(event) for event in sheet.events]
        for table in (AuditEvent, AuditDetail):
            sheet.rows[table] = [rows[table] for rows in recorded if table in rows]
        for model in _IN_ORDER:
            if sheet.rows[model]:
                connection.execute(insert(model), sheet.rows[model])
        self._audit.announce(sheet.rows[AuditEvent])
        for known in sheet.names:
            statement = update(Organization).where(Organization.id == known.id, Organization.name.is_(None))
            connection.execute(statement.values(name=known.name, name_en=known.name_en))


def _recorded(before: KnownOrganization | None, after: KnownOrganization, actor: str) -> OrganizationRecorded:
    return OrganizationRecorded(
        actor=actor,
        code=after.code,
        kind="legal_person",
        before=None if before is None else OrganizationNames(name=before.name, name_en=before.name_en),
        after=OrganizationNames(name=after.name, name_en=after.name_en),
    )


def _opened(request: Request, account_id: UUID, person: KnownPerson, *, joined: bool) -> AccountOpened:
    return AccountOpened(
        actor=request.actor,
        account_id=account_id,
        kind=request.draft.kind.name,
        ial=person.ial,
        ial_source=person.ial_source,
        joined=joined,
        is_demonstration=request.draft.is_demonstration,
        import_id=None if request.import_id is None else str(request.import_id),
        line=request.line,
    )
