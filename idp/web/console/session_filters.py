"""The filters of the list of sessions: from the address to a value, and back as chips that each take one away.

All filters stand in the address, so that a view can be kept and sent on; every value is data.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, cast

from idp.factors import FACTORS
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.sessions.filters import SessionFilter, State, parse_network
from idp.web.console import filters
from idp.web.console.filters import UNKNOWN_VALUE, Chip
from idp.web.shared.services import services

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
_LABELS: Final[Mapping[str, str]] = {
    "account": marked("Account"),
    "client": marked("Service"),
    "network": marked("Address or network"),
    "region": marked("Region"),
    "operator": marked("Operator or AS number"),
    "method": marked("Method"),
    "age": marked("Began"),
    "state": marked("State"),
}


def typed() -> dict[str, str]:
    """Return the filters as they stand in the address, without empty ones."""
    return filters.typed(_LABELS)


def parsed(given: Mapping[str, str]) -> SessionFilter:
    """Return the filter that was typed. Raises UserError that names its field."""
    state = given.get("state", "live")
    if state not in STATE_WORDS:
        raise UserError(UNKNOWN_VALUE, field="state")
    if given.get("age", "1h") not in AGES:
        raise UserError(UNKNOWN_VALUE, field="age")
    if given.get("method", METHODS[0]) not in METHODS:
        raise UserError(UNKNOWN_VALUE, field="method")
    return SessionFilter(
        account_id=filters.account_of(given["account"]) if "account" in given else None,
        client_id=given.get("client"),
        network=parse_network(given["network"]) if "network" in given else None,
        regions=filters.regions_of(given),
        operators=filters.operators_of(given),
        method=given.get("method"),
        started_since=services().clock.now() - AGES[given["age"]] if "age" in given else None,
        state=cast("State", state),
    )


def chips(given: Mapping[str, str], path: str) -> list[Chip]:
    """Return a chip for each active filter."""
    words: Mapping[str, Mapping[str, str]] = {"age": AGE_WORDS, "state": STATE_WORDS}
    return filters.chips(given, path, _LABELS, words, named=("method",))
