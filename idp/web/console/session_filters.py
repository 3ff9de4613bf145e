"""The filters of the list of sessions: from the address to a value, and back as chips that each take one away.

All filters stand in the address, so that a view can be kept and sent on (console.md §1); every value is data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, cast
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from idp.accounts.identifiers import parse_identifier
from idp.factors import FACTORS
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.sessions.filters import SessionFilter, State, parse_network
from idp.web.shared.locale import gettext
from idp.web.shared.services import services

Name = Literal["account", "client", "network", "method", "age", "state"]
NAMES: Final[tuple[Name, ...]] = ("account", "client", "network", "method", "age", "state")
AGES: Final[Mapping[str, timedelta]] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "30d": timedelta(days=30),
}
AGE_WORDS: Final = {
    "1h": marked("In the last hour"),
    "24h": marked("In the last 24 hours"),
    "30d": marked("In 30 days"),
}
STATE_WORDS: Final = {"live": marked("Live"), "ended": marked("Ended"), "all": marked("All")}
METHODS: Final = tuple(factor.kind for factor in FACTORS)
_LABELS: Final[Mapping[Name, str]] = {
    "account": marked("Account"),
    "client": marked("Service"),
    "network": marked("Address or network"),
    "method": marked("Method"),
    "age": marked("Began"),
    "state": marked("State"),
}
_UNKNOWN_ACCOUNT: Final = marked("There is no such account.")
_UNKNOWN_VALUE: Final = marked("Choose one of the values offered.")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter; ``href`` is the list without it."""

    label: str
    value: str
    href: str


def typed() -> dict[Name, str]:
    """Return the filters as they stand in the address, without empty ones."""
    given = {name: request.args.get(name, "").strip()[:_LONGEST] for name in NAMES}
    return {name: value for name, value in given.items() if value and "\0" not in value}


def parsed(given: Mapping[Name, str]) -> SessionFilter:
    """Return the filter that was typed. Raises UserError that names its field."""
    state = given.get("state", "live")
    if state not in STATE_WORDS:
        raise UserError(_UNKNOWN_VALUE, field="state")
    if given.get("age", "1h") not in AGES:
        raise UserError(_UNKNOWN_VALUE, field="age")
    if given.get("method", METHODS[0]) not in METHODS:
        raise UserError(_UNKNOWN_VALUE, field="method")
    return SessionFilter(
        account_id=_account(given["account"]) if "account" in given else None,
        client_id=given.get("client"),
        network=parse_network(given["network"]) if "network" in given else None,
        method=given.get("method"),
        started_since=services().clock.now() - AGES[given["age"]] if "age" in given else None,
        state=cast("State", state),
    )


def chips(given: Mapping[Name, str], path: str) -> list[Chip]:
    """Return a chip for each active filter."""
    words: Mapping[str, Mapping[str, str]] = {"age": AGE_WORDS, "state": STATE_WORDS}
    return [
        Chip(
            gettext(_LABELS[name]),
            gettext(words[name][value]) if value in words.get(name, {}) else value,
            address(path, {kept: text for kept, text in given.items() if kept != name}),
        )
        for name, value in given.items()
    ]


def address(path: str, given: Mapping[Any, str], **more: str) -> str:
    """Return the address of a list with these filters."""
    query = urlencode([*given.items(), *more.items()])
    return f"{path}?{query}" if query else path


def _account(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        found = services().accounts.find_for_sign_in(parse_identifier(text))
    if found is None:
        raise UserError(_UNKNOWN_ACCOUNT, field="account") from None
    return found.id
