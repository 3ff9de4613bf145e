"""The claims that an account can give, and how each is shown on the consent page (OpenID Connect Core §5.1).

Whoever joins the account tables in a statement of its own selects ``CLAIM_COLUMNS`` through ``join_claims`` and hands
the row to ``profile_of``; a value is decrypted only when its claim is asked for. A claim without a value, or one that
the kind of the account does not offer, is None and is left out (§5.3.2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Label, RowMapping, Select, func
from sqlalchemy.orm import InstrumentedAttribute

from idp.accounts.draft import COUNTER, POPULATION_REGISTER
from idp.accounts.identifiers import IDNumber, read_id_number
from idp.accounts.kinds import KINDS_BY_NAME
from idp.accounts.models import Account, Membership, NaturalPerson, Organization
from idp.accounts.names import PersonalName, split_name
from idp.foundation.masked import mask_email, mask_id_number, mask_name, mask_phone
from idp.foundation.translation import marked
from idp.keyring.service import Keyring

AnySelect = Select[*tuple[Any, ...]]
AnyColumn = ColumnElement[Any] | InstrumentedAttribute[Any]
AnyRow = Mapping[str, Any] | RowMapping

_ENCRYPTED: Final = (
    Account.phone,
    Account.email,
    NaturalPerson.legal_name,
    NaturalPerson.family_name,
    NaturalPerson.given_name,
    NaturalPerson.id_number,
    NaturalPerson.birthdate,
    NaturalPerson.gender,
    NaturalPerson.address,
)

CLAIM_COLUMNS: Final[tuple[Label[Any], ...]] = (
    Account.id.label("claim_account_id"),
    Account.kind.label("claim_account_kind"),
    Account.username.label("claim_username"),
    Account.phone_verified.label("claim_phone_verified"),
    Account.email_verified.label("claim_email_verified"),
    Account.preferred_language.label("claim_locale"),
    Account.updated_at.label("claim_account_updated_at"),
    Account.reprove_identity_until.label("claim_reprove_identity_until"),
    NaturalPerson.id.label("claim_person_id"),
    NaturalPerson.ial.label("claim_ial"),
    NaturalPerson.ial_source.label("claim_ial_source"),
    NaturalPerson.updated_at.label("claim_person_updated_at"),
    *(column.label(f"claim_{column.key}") for column in _ENCRYPTED),
)
"""What ``profile_of`` reads, under names that collide with nothing."""

ORGANIZATION_COLUMNS: Final[tuple[Label[Any], ...]] = (
    Membership.role.label("claim_organization_role"),
    func.coalesce(Organization.uscc, Organization.slug).label("claim_organization_code"),
    Organization.name.label("claim_organization_name"),
)
"""What the claim ``organization`` needs besides, where a session acts for one."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim comes from, in translatable words for the consent page."""

    id: str
    title: str
    note: str


UNPROVEN: Final = 1
"""The level of an identity that nobody vouches for."""

ACCOUNT: Final = "account"
ORGANIZATION: Final = "organization"
SOURCES: Final = MappingProxyType(
    {
        source.id: source
        for source in (
            Source(
                POPULATION_REGISTER,
                marked("National Population Register"),
                marked("Recorded by the public security authority"),
            ),
            Source(COUNTER, marked("Government service counter"), marked("Checked in person by staff")),
            Source(ACCOUNT, marked("Your account"), marked("Entered by you")),
            Source(ORGANIZATION, marked("Your organization"), marked("The organization you are acting for")),
        )
    }
)


class Profile:
    """What is known of one account and its human. Its text form shows the account's id only."""

    __slots__ = ("_keyring", "_now", "_opened", "_row")

    def __init__(self, row: AnyRow, keyring: Keyring, now: datetime) -> None:
        self._row = row
        self._keyring = keyring
        self._now = now
        self._opened: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Profile({self.account_id})"

    @property
    def account_id(self) -> UUID:
        account_id: UUID = self._row["claim_account_id"]
        return account_id

    def claim_value(self, name: str) -> Any:  # noqa: ANN401 - a claim is any JSON value
        """Return the value of a claim, None where there is none or accounts of this kind do not offer it."""
        if name not in KINDS_BY_NAME[self._row["claim_account_kind"]].claims:
            return None
        return _CLAIMS[name](self)

    def masked_claim(self, name: str) -> str | None:
        """Return the value as the consent page shows it (ASVS 14.2.6), None where there is none."""
        value = self.claim_value(name)
        if value is None or value == "":
            return None
        return _MASKS.get(name, str)(value)

    def claim_source(self, name: str) -> str:
        """Return the key in ``SOURCES`` of where the value comes from."""
        if name == "organization":
            return ORGANIZATION
        source: str = self._row["claim_ial_source"]
        return source if name in _PROVEN and source in SOURCES else ACCOUNT

    def text(self, column: str) -> str | None:
        """Return the plaintext of an encrypted column of ``account`` or ``natural_person``, None if it is empty."""
        if column not in self._opened:
            ciphertext = self._row[f"claim_{column}"]
            if ciphertext is None:
                return None
            of_account = column in {"phone", "email"}
            row: UUID = self._row["claim_account_id" if of_account else "claim_person_id"]
            table = "account" if of_account else "natural_person"
            self._opened[column] = self._keyring.decrypt(f"{table}.{column}", row, ciphertext).decode()
        return self._opened[column]

    def masked(self, column: str) -> str | None:
        """Return the plaintext of one of these columns as its mask shows it, None if it is empty."""
        value = self.text(column)
        return value and _COLUMN_MASKS[column](value)

    def name(self) -> PersonalName | None:
        """Return the legal name and its parts."""
        full = self.text("legal_name")
        if full is None:
            return None
        family, given = self.text("family_name"), self.text("given_name")
        return PersonalName(full, family, given) if family or given else split_name(full)

    def id_number(self) -> IDNumber | None:
        """Return the ID number with what it says of its holder."""
        number = self.text("id_number")
        return None if number is None else read_id_number(number)

    def ial(self) -> int:
        """Return how well the identity is proven; an identity that has to be proven again counts as unproven."""
        doubted_until: datetime | None = self.plain("reprove_identity_until")
        level: int = self.plain("ial")
        return UNPROVEN if doubted_until is not None and doubted_until > self._now else level

    def plain(self, column: str) -> Any:  # noqa: ANN401 - as the column has it
        """Return a column that is not encrypted; None where the row was selected without it."""
        return self._row.get(f"claim_{column}")


def profile_of(row: AnyRow, keyring: Keyring, now: datetime) -> Profile:
    """Return the profile in the mapping of a row that has ``CLAIM_COLUMNS``, and perhaps ``ORGANIZATION_COLUMNS``."""
    return Profile(row, keyring, now)


def join_claims(statement: AnySelect, organization_id: AnyColumn | None = None) -> AnySelect:
    """Add the claim columns to a statement that already reads ``account``.

    With the column that says for which organization a session acts, also what the claim ``organization`` needs: empty
    unless the membership is live at this moment.
    """
    statement = statement.add_columns(*CLAIM_COLUMNS).join(NaturalPerson, NaturalPerson.id == Account.natural_person_id)
    if organization_id is None:
        return statement
    is_live = (
        (Membership.account_id == Account.id)
        & (Membership.organization_id == organization_id)
        & Membership.ended_at.is_(None)
    )
    statement = statement.add_columns(*ORGANIZATION_COLUMNS).outerjoin(Membership, is_live)
    return statement.outerjoin(Organization, Organization.id == Membership.organization_id)


def _part(choose: Callable[[PersonalName], str | None]) -> Callable[[Profile], str | None]:
    def value(profile: Profile) -> str | None:
        name = profile.name()
        return None if name is None else choose(name)

    return value


def _text(column: str) -> Callable[[Profile], str | None]:
    return lambda profile: profile.text(column)


def _plain(column: str) -> Callable[[Profile], Any]:
    return lambda profile: profile.plain(column)


def _verified(contact: str) -> Callable[[Profile], bool | None]:
    return lambda profile: None if profile.plain(contact) is None else bool(profile.plain(f"{contact}_verified"))


def _birthdate(profile: Profile) -> str | None:
    holder = profile.id_number()
    return holder.birthdate.isoformat() if holder else profile.text("birthdate")


def _gender(profile: Profile) -> str | None:
    holder = profile.id_number()
    return holder.gender if holder else profile.text("gender")


def _address(profile: Profile) -> dict[str, str] | None:
    stored = profile.text("address")
    if stored is None:
        return None
    address: dict[str, str] = orjson.loads(stored)
    if "formatted" not in address:
        parts = [address.get(member) for member in ("country", "region", "locality", "street_address", "postal_code")]
        address["formatted"] = "\n".join(part for part in parts if part)
    return address


def _updated_at(profile: Profile) -> int:
    latest: datetime = max(profile.plain("account_updated_at"), profile.plain("person_updated_at"))
    return int(latest.timestamp())


def _organization(profile: Profile) -> dict[str, str] | None:
    code: str | None = profile.plain("organization_code")
    if code is None:
        return None
    return {
        "code": code,
        "name": profile.plain("organization_name") or code,
        "role": profile.plain("organization_role"),
    }


_CLAIMS: Final[Mapping[str, Callable[[Profile], Any]]] = {
    "name": _part(lambda name: name.full),
    "family_name": _part(lambda name: name.family),
    "given_name": _part(lambda name: name.given),
    "preferred_username": _plain("username"),
    "locale": _plain("locale"),
    "updated_at": _updated_at,
    "phone_number": _text("phone"),
    "phone_number_verified": _verified("phone"),
    "email": _text("email"),
    "email_verified": _verified("email"),
    "birthdate": _birthdate,
    "gender": _gender,
    "id_number": _text("id_number"),
    "address": _address,
    "ial": Profile.ial,
    "organization": _organization,
}
CLAIMS: Final = frozenset(_CLAIMS)
"""Every claim that an account of some kind can give."""

_PROVEN: Final = frozenset({"name", "family_name", "given_name", "birthdate", "gender", "id_number", "ial"})
_ADDRESS_SHOWN: Final = 3

_COLUMN_MASKS: Final[Mapping[str, Callable[[str], str]]] = {
    "legal_name": mask_name,
    "id_number": mask_id_number,
    "phone": lambda number: mask_phone(number.removeprefix("+86")),
    "email": mask_email,
}

_MASKS: Final[Mapping[str, Callable[[Any], str]]] = {
    "name": mask_name,
    "family_name": lambda family: family[:1] + "*" * (len(family) - 1),
    "given_name": lambda given: "*" * (len(given) - 1) + given[-1:],
    "phone_number": lambda number: mask_phone(number.removeprefix("+86")),
    "email": mask_email,
    "birthdate": lambda day: f"{day[:4]}-**-**",
    "id_number": mask_id_number,
    "address": lambda address: f"{address['formatted'][:_ADDRESS_SHOWN]}****",
    "organization": lambda organization: organization["name"],
}
