"""What somebody asks for when an account is to be opened (``NewAccount``), and the same checked and in normal form
(``Draft``).

Checking looks at the values alone and collects every fault; whether a username or a number is taken is for ``opening``.
The command line, the bulk import and later the sign-up pages all come through here. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from idp.accounts.contacts import parse_address, parse_email
from idp.accounts.errors import AccountRefused, Problem
from idp.accounts.identifiers import Gender, IDNumber, parse_id_number, parse_phone, parse_username
from idp.accounts.kinds import KINDS_BY_NAME
from idp.accounts.kinds.kind import Kind
from idp.accounts.names import PersonalName, join_name, parse_name, split_name
from idp.accounts.organizations import NewMembership, check_memberships, is_word
from idp.foundation.translation import LOCALES, marked

SELF_ASSERTED: Final = "self_asserted"
POPULATION_REGISTER: Final = "population_register"
COUNTER: Final = "counter"
IAL_SOURCES: Final = {SELF_ASSERTED: 1, POPULATION_REGISTER: 2, COUNTER: 3}
"""Who proved an identity, and the highest level that this can give (rule S6: never above the declared source)."""

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")

_FIELD_OF: Final = {"memberships": "uscc", "roles": "role"}
_NEEDED = marked("An account of the kind %(kind)s needs this.")
_BAD_USERNAME = marked(
    "Use 2 to 64 letters (a to z or Chinese), digits, dots, hyphens or underscores, beginning with a letter."
)
_BAD_PHONE = marked("Enter a mobile number of 11 digits, or a number with its country code, such as +852.")
BAD_EMAIL = marked("Enter an e-mail address, such as name@example.cn.")
_BAD_ADDRESS = marked(
    "Give the address as text, or with the members of the address claim, at most 200 characters each."
)
_BAD_NAME = marked("Enter the name as on the identity card, without digits or other signs, at most 100 characters.")
_BAD_ID_NUMBER = marked(
    "Enter the 18 characters of the resident ID number. The check digit, birth date or region does not fit."
)
_KIND_SPECIFIC: Final = ("memberships", "roles", "agency")
_MOST_ROLES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be opened. Every value is as somebody wrote it.

    ``family_name`` and ``given_name`` are only for names whose parts the full name does not tell. ``ial`` and
    ``ial_source`` are what the caller vouches for; None is self-asserted, or the level that a human already known has.
    ``environment`` None is the deployment that opens it.
    """

    kind: str
    username: str
    name: str | None = field(default=None, repr=False)
    family_name: str | None = field(default=None, repr=False)
    given_name: str | None = field(default=None, repr=False)
    id_number: str | None = field(default=None, repr=False)
    birthdate: date | None = field(default=None, repr=False)
    gender: Gender | None = field(default=None, repr=False)
    address: Mapping[str, str] | str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    phone_verified: bool = False
    email: str | None = field(default=None, repr=False)
    email_verified: bool = False
    preferred_language: str | None = None
    memberships: tuple[NewMembership, ...] = ()
    roles: tuple[str, ...] = ()
    agency: str | None = None
    ial: int | None = None
    ial_source: str | None = None
    environment: str | None = None
    is_demonstration: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A new account whose every value is valid and in its normal form. ``declared_ial`` None: nothing was declared."""

    kind: Kind
    username: str
    name: PersonalName | None = field(repr=False)
    parts_are_given: bool
    id_number: str | None = field(repr=False)
    birthdate: date | None = field(repr=False)
    gender: Gender | None = field(repr=False)
    address: Mapping[str, str] | None = field(repr=False)
    phone: str | None = field(repr=False)
    phone_verified: bool
    email: str | None = field(repr=False)
    email_verified: bool
    preferred_language: str | None
    memberships: tuple[NewMembership, ...]
    roles: tuple[str, ...]
    agency: str | None
    declared_ial: int | None
    ial_source: str
    is_demonstration: bool


def check(new: NewAccount, *, environment: str, today: date) -> Draft:
    """Return the draft of a new account. Raises AccountRefused with every fault at once."""
    problems: list[Problem] = []
    kind = KINDS_BY_NAME.get(new.kind)
    if kind is None:
        raise AccountRefused([Problem("kind", marked("Use citizen, enterprise or staff."))])
    problems += _place(new, environment)
    problems += _kind_rules(new, kind)
    number = _id_number(new, today, problems)
    name = _name(new, problems)
    memberships, wrong = check_memberships(new.memberships)
    problems += wrong
    problems += _proof(new)
    draft = Draft(
        kind=kind,
        username=_parsed(new.username, parse_username, "username", _BAD_USERNAME, problems) or "",
        name=name,
        parts_are_given=bool(new.family_name or new.given_name),
        id_number=number.value if number else None,
        # An ID number says both, so that neither is kept a second time.
        birthdate=None if number else new.birthdate,
        gender=None if number else new.gender,
        address=_parsed(_address(new), parse_address, "address", _BAD_ADDRESS, problems),
        phone=_parsed(new.phone, parse_phone, "phone", _BAD_PHONE, problems),
        phone_verified=new.phone_verified,
        email=_parsed(new.email, parse_email, "email", BAD_EMAIL, problems),
        email_verified=new.email_verified,
        preferred_language=new.preferred_language,
        memberships=memberships,
        roles=new.roles,
        agency=new.agency,
        declared_ial=_declared_ial(new),
        ial_source=new.ial_source or SELF_ASSERTED,
        is_demonstration=new.is_demonstration,
    )
    if problems:
        raise AccountRefused(problems)
    return draft


def check_contacts(email: str | None, phone: str | None) -> dict[str, str | None]:
    """Return contacts in their normal form. Raises AccountRefused."""
    problems: list[Problem] = []
    contacts = {
        "email": _parsed(email, parse_email, "email", BAD_EMAIL, problems),
        "phone": _parsed(phone, parse_phone, "phone", _BAD_PHONE, problems),
    }
    if problems:
        raise AccountRefused(problems)
    return contacts


def _parsed(
    text: _Given | None, parse: Callable[[_Given], _Found | None], name: str, message: str, problems: list[Problem]
) -> _Found | None:
    """Return a parsed value, None if none was given; a value that does not parse is a problem."""
    if not text:
        return None
    found = parse(text)
    if found is None:
        problems.append(Problem(name, message))
    return found


def _address(new: NewAccount) -> Mapping[str, str] | None:
    return {"formatted": new.address} if isinstance(new.address, str) and new.address else new.address or None


def _id_number(new: NewAccount, today: date, problems: list[Problem]) -> IDNumber | None:
    number = _parsed(new.id_number, lambda text: parse_id_number(text, today), "id_number", _BAD_ID_NUMBER, problems)
    if number is None:
        return None
    if new.birthdate not in {None, number.birthdate}:
        problems.append(Problem("birthdate", marked("The birth date is not that of the ID number.")))
    if new.gender not in {None, number.gender}:
        problems.append(Problem("gender", marked("The gender is not that of the ID number.")))
    return number


def _name(new: NewAccount, problems: list[Problem]) -> PersonalName | None:
    full, family, given = (
        _parsed(text, parse_name, name, _BAD_NAME, problems)
        for name, text in (("name", new.name), ("family_name", new.family_name), ("given_name", new.given_name))
    )
    if family or given:
        return PersonalName(full or join_name(family, given), family, given)
    return split_name(full) if full else None


def _place(new: NewAccount, environment: str) -> list[Problem]:
    """Refuse what belongs to another deployment (rule O1)."""
    problems = []
    if new.environment not in {None, environment}:
        problems.append(Problem("environment", marked("This account is made for another environment.")))
    if new.is_demonstration and environment == "production":
        problems.append(Problem("is_demonstration", marked("Demonstration accounts are refused in production.")))
    return problems


def _kind_rules(new: NewAccount, kind: Kind) -> list[Problem]:
    problems = [
        Problem("username", _BAD_USERNAME) if not new.username else None,
        *(
            Problem(_FIELD_OF.get(name, name), _NEEDED, {"kind": kind.name})
            for name in kind.required
            if not _has(new, name)
        ),
        *(
            Problem(
                _FIELD_OF.get(name, name),
                marked("An account of the kind %(kind)s cannot have this."),
                {"kind": kind.name},
            )
            for name in _KIND_SPECIFIC
            if _has(new, name) and name not in kind.possible
        ),
    ]
    if len(new.roles) > _MOST_ROLES or not all(is_word(role) for role in new.roles):
        problems.append(
            Problem("role", marked("Write roles in small letters, digits, hyphens and underscores, at most 20."))
        )
    if new.agency and not is_word(new.agency):
        problems.append(
            Problem("agency", marked("Write the agency in small letters, digits and hyphens, such as tax-bureau."))
        )
    if new.preferred_language not in {None, *LOCALES}:
        problems.append(Problem("preferred_language", marked("Use zh-Hans or en.")))
    return [problem for problem in problems if problem is not None]


def _has(new: NewAccount, name: str) -> bool:
    return bool(getattr(new, name)) or (name == "name" and bool(new.family_name or new.given_name))


def _proof(new: NewAccount) -> list[Problem]:
    """Refuse a level of identity that its source cannot give, or one without a name and an ID number (rule S6)."""
    source = new.ial_source or SELF_ASSERTED
    highest = IAL_SOURCES.get(source)
    if highest is None:
        return [Problem("ial_source", marked("Use self_asserted, population_register or counter."))]
    level = _declared_ial(new) or 1
    if not 1 <= level <= highest:
        return [
            Problem("ial", marked("The declared source gives at most level %(highest)s."), {"highest": str(highest)})
        ]
    if level > 1 and not (_has(new, "name") and new.id_number):
        return [Problem("ial", marked("A proven identity has a name and an ID number."))]
    return []


def _declared_ial(new: NewAccount) -> int | None:
    if new.ial is not None or new.ial_source is None:
        return new.ial
    return IAL_SOURCES.get(new.ial_source)
