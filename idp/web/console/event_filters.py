"""The filters of the list of events: from the address to a value, and back as chips."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from idp.audit.details import kept_networks
from idp.audit.searching import EventFilter, actions
from idp.foundation.errors import UserError
from idp.foundation.translation import SHANGHAI, marked
from idp.web.console import filters
from idp.web.console.filters import UNKNOWN_VALUE, Chip

_LABELS: Final[Mapping[str, str]] = {
    "actor": marked("Actor"),
    "account": marked("Account"),
    "client": marked("Service"),
    "action": marked("Action"),
    "hide": marked("Hidden"),
    "request": marked("Request id"),
    "network": marked("Network"),
    "region": marked("Region"),
    "operator": marked("Operator or AS number"),
    "since": marked("From"),
    "until": marked("Earlier than"),
}
_BAD_TIME: Final = marked("Write a time such as 2026-03-02 09:00.")
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9000
_BAD_NETWORK: Final = marked("Write an address or a network such as 198.51.100.0/24, not wider than /16 (IPv6: /40).")
_UNNAMED: Final = ("system", "command:", "client:", "account:")


def typed() -> dict[str, str]:
    """Return the filters as they stand in the address, without empty ones."""
    return filters.typed(_LABELS)


def parsed(given: Mapping[str, str]) -> EventFilter:
    """Return the filter that was typed. Raises UserError that names its field."""
    return EventFilter(
        actor=_actor(given["actor"]) if "actor" in given else None,
        account_id=filters.account_of(given["account"]) if "account" in given else None,
        client_id=given.get("client"),
        action=_action(given["action"], "action") if "action" in given else None,
        request_id="".join(given["request"].split()).upper() if "request" in given else None,
        network=_network(given["network"]) if "network" in given else None,
        regions=filters.regions_of(given),
        operators=filters.operators_of(given),
        since=moment(given["since"], "since") if "since" in given else None,
        until=moment(given["until"], "until") if "until" in given else None,
        hidden=(_action(given["hide"], "hide"),) if "hide" in given else (),
    )


def chips(given: Mapping[str, str], path: str) -> list[Chip]:
    """Return a chip for each active filter."""
    return filters.chips(given, path, _LABELS, {})


def _actor(text: str) -> str:
    """Return how the record names an actor: as typed, or by the account's id or username."""
    return text if text.startswith(_UNNAMED) else f"account:{filters.account_of(text, 'actor')}"


def _action(text: str, field: str) -> str:
    if text not in actions():
        raise UserError(UNKNOWN_VALUE, field=field)
    return text


def _network(text: str) -> str:
    """Return an address or network that events can be found by."""
    try:
        kept_networks(text)
    except ValueError:
        raise UserError(_BAD_NETWORK, field="network") from None
    return text


def moment(text: str, field: str) -> datetime:
    """Return a time that was typed, of Shanghai where it says no zone. Raises UserError, also for a year so far from
    ours that nothing can be reckoned from it.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(_BAD_TIME, field=field) from None
    if not _FIRST_YEAR <= read.year <= _LAST_YEAR:
        raise UserError(_BAD_TIME, field=field)
    return read if read.tzinfo is not None else read.replace(tzinfo=SHANGHAI)
