"""Understanding one line of an import: a JSON object whose members are those of ``NewAccount``, a membership and a
password hash.

Unknown members are refused, because a misspelt one would be lost without a word. Pure.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import orjson

from idp.accounts.draft import NewAccount
from idp.accounts.errors import AccountRefused, Problem
from idp.accounts.organizations import DEFAULT_ROLE, NewMembership
from idp.foundation.translation import marked

_LONGEST_TEXT: Final = 1000
_WORD: Final = re.compile(r"[a-z_]{1,40}")
_BOM: Final = b"\xef\xbb\xbf"

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class ImportedAccount:
    """What a line asks for."""

    account: NewAccount
    password_hash: str | None = field(repr=False)


def parse_line(data: bytes) -> ImportedAccount:
    """Return what a line asks for. Raises AccountRefused with every fault of its form."""
    members = _members(data)
    problems = [_fault(name) for name, value in members.items() if name not in _TESTS or not _TESTS[name](value)]
    if problems:
        raise AccountRefused(problems)
    return _imported(members)


def kind_of(data: bytes) -> str:
    """Return the kind that a line asks for, empty if it cannot be told; nothing else of the line is judged."""
    try:
        kind = _members(data).get("kind")
    except AccountRefused:
        return ""
    return kind if isinstance(kind, str) else ""


def _members(data: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(data.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        raise AccountRefused([Problem(None, marked("The line is not JSON in UTF-8."))]) from None
    if not isinstance(found, dict):
        raise AccountRefused([Problem(None, marked("The line is not a JSON object."))])
    # An empty value says the same as no value.
    return {name: value for name, value in found.items() if value is not None and value != ""}


def _fault(name: str) -> Problem:
    # Whatever is not a plain word may be somebody's number that slipped out of its column.
    field_name = name if _WORD.fullmatch(name) else None
    if name in _TESTS:
        return Problem(field_name, marked("The value has a wrong type, or is too long."))
    return Problem(field_name, marked("No member of this name is known."))


def _imported(members: dict[str, Any]) -> ImportedAccount:
    try:
        birthdate = date.fromisoformat(members["birthdate"]) if "birthdate" in members else None
    except ValueError:
        raise AccountRefused([Problem("birthdate", marked("Write the date as 1990-01-31."))]) from None
    direct = {name: members[name] for name in _DIRECT if name in members}
    account = NewAccount(
        **({"kind": "", "username": ""} | direct),
        birthdate=birthdate,
        roles=tuple(members.get("roles", ())),
        memberships=(*_memberships_of(members), *(_membership(one) for one in members.get("memberships", ()))),
    )
    return ImportedAccount(account, members.get("password_hash"))


def _memberships_of(members: dict[str, Any]) -> list[NewMembership]:
    """Return the one membership that stands in the line itself."""
    if "uscc" not in members:
        return []
    renamed = {"organization_name": "name", "organization_name_en": "name_en"}
    flat = ("uscc", "role", "organization_name", "organization_name_en")
    return [_membership({renamed.get(name, name): members[name] for name in flat if name in members})]


def _membership(given: dict[str, str]) -> NewMembership:
    return NewMembership(
        uscc=given.get("uscc", ""),
        role=given.get("role", DEFAULT_ROLE),
        name=given.get("name"),
        name_en=given.get("name_en"),
    )


def _is_text(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _is_flag(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, bool)


def _is_level(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is int


def _is_gender(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return value in ("male", "female")


def _is_texts(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, list) and all(map(_is_text, value))


def _is_texts_by_name(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_address(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return _is_text(value) or _is_texts_by_name(value)


def _is_memberships(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, list) and all(_is_texts_by_name(one) and set(one) <= _OF_MEMBERSHIP for one in value)


_OF_MEMBERSHIP: Final = frozenset({"uscc", "role", "name", "name_en"})
_TESTS: Final[Mapping[str, Test]] = {
    **dict.fromkeys(("kind", "username", "password_hash", "preferred_language", "environment"), _is_text),
    **dict.fromkeys(("name", "family_name", "given_name", "id_number", "birthdate", "ial_source"), _is_text),
    **dict.fromkeys(("phone", "email", "agency"), _is_text),
    **dict.fromkeys(("uscc", "role", "organization_name", "organization_name_en"), _is_text),
    **dict.fromkeys(("phone_verified", "email_verified", "is_demonstration"), _is_flag),
    "ial": _is_level,
    "gender": _is_gender,
    "address": _is_address,
    "roles": _is_texts,
    "memberships": _is_memberships,
}
_ELSEWHERE: Final = frozenset(
    {"birthdate", "roles", "memberships", "uscc", "role", "organization_name", "organization_name_en", "password_hash"}
)
_DIRECT: Final = tuple(name for name in _TESTS if name not in _ELSEWHERE)
"""Members that are fields of ``NewAccount`` as they are."""
