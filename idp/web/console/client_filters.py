"""The filters of the list of clients: from the address to the lines that match, and back as chips.

The register is small enough to be read whole, with one query; what is shown of it is chosen here. Pure but for the
address.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from idp.foundation.keyset import PAGE
from idp.foundation.translation import marked
from idp.registry.views import ClientSummary
from idp.sessions.usage import SiteUsage
from idp.web.console import filters
from idp.web.console.filters import Chip

STATES: Final = {
    "active": marked("In force"),
    "suspended": marked("Stopped"),
    "waiting": marked("With a draft"),
}
LABELS: Final = {
    "text": marked("Name or ID"),
    "agency": marked("Agency"),
    "environment": marked("Environment"),
    "profile": marked("Profile"),
    "state": marked("State"),
    "expiring": marked("Secret or key ends"),
    "unused": marked("No sign-in for"),
}
EXPIRING_WORDS: Final = {"30d": marked("In 30 days")}
UNUSED_WORDS: Final = {"90d": marked("90 days")}
_UNUSED: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Lines:
    """One page of the list; ``before`` and ``after`` are where the pages beside it begin, None if there is none."""

    shown: Sequence[ClientSummary]
    before: str | None
    after: str | None


def typed() -> dict[str, str]:
    """Return the filters as they stand in the address, without empty ones."""
    return filters.typed(LABELS)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the clients besides their registrations: how they are used, what of them ends in 30 days."""

    usages: Mapping[str, SiteUsage]
    ends: Mapping[str, datetime]

    def unused_since(self, client: ClientSummary) -> datetime:
        """Return the last sign-in. A client that was let in lately has not had the time to be used."""
        return self.usages.get(client.client_id, SiteUsage()).last_sign_in or client.created_at


def matching(
    clients: Iterable[ClientSummary], given: Mapping[str, str], now: datetime, known: Known
) -> list[ClientSummary]:
    """Return the clients that every filter lets through."""
    return [
        client for client in clients if all(_matches(client, name, value, now, known) for name, value in given.items())
    ]


def _matches(client: ClientSummary, name: str, value: str, now: datetime, known: Known) -> bool:
    if name == "text":
        return value.casefold() in f"{client.client_id} {client.client_name} {client.client_name_en}".casefold()
    if name == "expiring":
        return client.client_id in known.ends
    if name == "unused":
        return now - known.unused_since(client) > _UNUSED
    if name == "state":
        return client.draft_version is not None if value == "waiting" else is_in(client, value)
    return bool(getattr(client, name) == value)


def is_in(client: ClientSummary, state: str) -> bool:
    """Tell whether a client is stopped, or in force: published and not stopped."""
    return client.state == state and (state == "suspended" or client.published_version is not None)


def page_of(clients: Sequence[ClientSummary], after: str) -> Lines:
    """Return the page that begins after a client's id; ``clients`` are in the order of their ids."""
    ids = [client.client_id for client in clients]
    start = bisect_right(ids, after)
    end = start + PAGE
    before = None if start == 0 else "" if start <= PAGE else ids[start - PAGE - 1]
    return Lines(clients[start:end], before, ids[end - 1] if end < len(ids) else None)


def chips(given: Mapping[str, str], path: str) -> list[Chip]:
    """Return a chip for each active filter."""
    words: Mapping[str, Mapping[str, str]] = {"state": STATES, "expiring": EXPIRING_WORDS, "unused": UNUSED_WORDS}
    return filters.chips(given, path, LABELS, words, named=("environment",))
