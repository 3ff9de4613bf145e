"""The filters of the list of grants: from the address to a value, and back as chips that each take one away."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, cast

from idp.consents.grant_filter import GrantFilter, State
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.web.console import filters
from idp.web.console.filters import UNKNOWN_VALUE, Chip
from idp.web.shared.services import services

_SINCE: Final[Mapping[str, timedelta]] = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "30d": timedelta(days=30)}
_OLDER: Final[Mapping[str, timedelta]] = {"older": timedelta(days=30)}
AGE_WORDS: Final = {
    "1h": marked("In the last hour"),
    "24h": marked("In the last 24 hours"),
    "30d": marked("In 30 days"),
    "older": marked("More than 30 days ago"),
}
STATE_WORDS: Final = {"live": marked("In force"), "all": marked("All")}
USE_WORDS: Final = {"offline": marked("Also after signing out"), "session": marked("While signed in")}
_LABELS: Final[Mapping[str, str]] = {
    "account": marked("Account"),
    "client": marked("Service"),
    "scope": marked("Scope"),
    "use": marked("Usable"),
    "age": marked("Issued"),
    "state": marked("State"),
}
_CHOICES: Final[Mapping[str, Mapping[str, str]]] = {"use": USE_WORDS, "age": AGE_WORDS, "state": STATE_WORDS}
_SCOPE_OF_WHAT: Final = marked("Choose a service or an account too: a scope is looked for within one of them.")


def typed() -> dict[str, str]:
    """Return the filters as they stand in the address, without empty ones."""
    return filters.typed(_LABELS)


def parsed(given: Mapping[str, str]) -> GrantFilter:
    """Return the filter that was typed. Raises UserError that names its field."""
    for name, words in _CHOICES.items():
        if name in given and given[name] not in words:
            raise UserError(UNKNOWN_VALUE, field=name)
    if "scope" in given and not {"client", "account"} & given.keys():
        raise UserError(_SCOPE_OF_WHAT, field="scope")
    now, age = services().clock.now(), given.get("age", "")
    return GrantFilter(
        account_id=filters.account_of(given["account"]) if "account" in given else None,
        client_id=given.get("client"),
        scope=given.get("scope"),
        is_offline=given["use"] == "offline" if "use" in given else None,
        issued_since=now - _SINCE[age] if age in _SINCE else None,
        issued_before=now - _OLDER[age] if age in _OLDER else None,
        state=cast("State", given.get("state", "live")),
    )


def chips(given: Mapping[str, str], path: str) -> list[Chip]:
    """Return a chip for each active filter."""
    return filters.chips(given, path, _LABELS, {**_CHOICES, "account": filters.account_words(given)})
