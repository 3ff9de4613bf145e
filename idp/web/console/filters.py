"""The filters of every list: in the address, so that a view can be kept and sent on (console.md §1), each a chip that
takes it away. Every value is data; nothing personal stands in an address.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from idp.accounts.identifiers import parse_identifier
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.web.console.words import word
from idp.web.shared import locale, preferences
from idp.web.shared.forms import uuid_of
from idp.web.shared.locale import JOURNEY_PARAMETER, gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

T = TypeVar("T")

UNKNOWN_VALUE: Final = marked("Choose one of the values offered.")
_UNKNOWN_ACCOUNT: Final = marked("There is no such account.")
_NUMBER: Final = marked("A number does not belong in an address. Find the account by the search box of the overview.")
_LONGEST: Final = 200
_UNREADABLE: Final = marked(
    "The filter “%(name)s” of this address is longer than %(most)s characters, or has one that no text has. Nothing was"
    " listed, because the list would be a longer one than was asked for. Open the page again and choose anew."
)
_TWICE: Final = marked(
    "This address names the filter “%(name)s” twice. Nothing was listed, because only one of the two would count. Open"
    " the page again and choose anew."
)
_NO_FILTER: Final = marked(
    "This list has no filter of the name “%(name)s”. Nothing was listed, because the list would be a longer one than"
    " was asked for. Open the page again and choose anew."
)
_BESIDE: Final = frozenset({"before", "after", locale.PARAMETER, preferences.PARAMETER, JOURNEY_PARAMETER})
"""What stands in the address of a list besides its filters: the page of it, and how whoever reads it likes pages."""
NO_TABLE: Final = marked(
    "No table of networks is loaded, so that nothing is found by region or operator. Whoever runs the service loads"
    " one: idp network load FILE.csv"
)
_TOO_MANY: Final = marked("Too many have this name. Write the country before a region, or the number of an operator.")
_MOST_KEYS: Final = 200
_MOST_DIGITS: Final = 4
_LONGEST_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter; ``href`` is the list without it."""

    label: str
    value: str
    href: str


def typed(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the filters as they stand in the address, without empty ones.

    Raises UserError for an address of which a part would count for nothing: the list would be longer than was asked
    for, and what is chosen by it to be ended, wider.
    """
    for name in request.args:
        if name not in labels and name not in _BESIDE:
            raise UserError(_NO_FILTER, name=name[:_LONGEST_NAME])
    given = {name: _single(name, label) for name, label in labels.items()}
    return {name: value for name, value in given.items() if value}


def _single(name: str, label: str) -> str:
    values = request.args.getlist(name)
    if len(values) > 1:
        raise UserError(_TWICE, name=gettext(label))
    value = values[0].strip() if values else ""
    if len(value) > _LONGEST or "\0" in value:
        raise UserError(_UNREADABLE, name=gettext(label), most=_LONGEST)
    return value


def read(parse: Callable[[Mapping[str, str]], T], given: Mapping[str, str]) -> tuple[T | None, list[Problem]]:
    """Return the filter of what was typed, or None and what is wrong with it."""
    try:
        return parse(given), []
    except UserError as error:
        return None, [Problem.of(error)]


def number_asked(name: str, usual: int, least: int) -> int:
    """Return a number of the address, but at least so much; the usual one for what is no number or has many digits."""
    text = request.args.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return max(int(text), least) if is_number else usual


def chips(
    given: Mapping[str, str],
    path: str,
    labels: Mapping[str, str],
    words: Mapping[str, Mapping[str, str]],
    *,
    named: Collection[str] = (),
) -> list[Chip]:
    """Return a chip for each active filter; ``words`` says what the values of a choice are called, ``named`` which
    filters choose among values that all pages call by the same ``word``.
    """
    return [
        Chip(
            gettext(labels[name]),
            gettext(words[name][value]) if value in words.get(name, {}) else word(value) if name in named else value,
            address(path, {kept: text for kept, text in given.items() if kept != name}),
        )
        for name, value in given.items()
    ]


def account_words(given: Mapping[str, str]) -> dict[str, str]:
    """Return what staff call the account whose id was given, for its chip; nothing for what is no account's id."""
    account_id = uuid_of(given.get("account", ""))
    username = None if account_id is None else services().account_search.usernames([account_id]).get(account_id)
    return {} if username is None else {given["account"]: username}


def address(path: str, given: Mapping[str, str], **more: str) -> str:
    """Return the address of a list with these filters."""
    query = urlencode([*given.items(), *more.items()])
    return f"{path}?{query}" if query else path


def regions_of(given: Mapping[str, str]) -> tuple[str, ...]:
    """Return by which keys the region that was typed is found. Raises UserError that names the field."""
    return _keys(given, "region", services().networks.regions_called)


def operators_of(given: Mapping[str, str]) -> tuple[str, ...]:
    """Return the same for whoever runs a network, by name or number."""
    return _keys(given, "operator", services().networks.operators_called)


def _keys(given: Mapping[str, str], field: str, called: Callable[[str], Collection[str]]) -> tuple[str, ...]:
    if field not in given:
        return ()
    if not services().networks.is_loaded:
        raise UserError(NO_TABLE, field=field)
    keys = called(given[field])
    if len(keys) > _MOST_KEYS:
        raise UserError(_TOO_MANY, field=field)
    return tuple(sorted(keys))


def account_of(text: str, field: str = "account") -> UUID:
    """Return the account of an id or a username. Raises UserError that names the field."""
    try:
        return UUID(text)
    except ValueError:
        identifier = parse_identifier(text)
    if identifier.kind != "username":
        raise UserError(_NUMBER, field=field)
    found = services().accounts.find_for_sign_in(identifier)
    if found is None:
        raise UserError(_UNKNOWN_ACCOUNT, field=field)
    return found.id
