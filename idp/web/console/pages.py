"""How a page of the console is made: as any page, with the officer, their power and their menu."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from werkzeug.wrappers import Response

from idp.audit.records import AuditRecord
from idp.foundation.translation import marked
from idp.networks.ranges import Place
from idp.staff.powers import NAMES, Permission
from idp.staff.values import Officer
from idp.web.console.navigation import menu
from idp.web.console.words import event_word, reason_word, word
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services

_SYSTEM = marked("The service itself")
_TAIL = 8
_COMMAND = marked("Command line (%(user)s)")


def console_page(
    officer: Officer,
    template: str,
    status: int | None = None,
    *,
    problems: Iterable[Problem | None] = (),
    **context: Any,
) -> Response:
    """Answer with a page of the console."""
    return render(
        f"console/{template}",
        status,
        problems=problems,
        officer=officer,
        word=word,
        event_word=event_word,
        reason_word=reason_word,
        **frame_of(officer),
        **context,
    )


def frame_of(officer: Officer | None) -> dict[str, Any]:
    """Return what the layout of the console shows around a page: for nobody, the bar alone."""
    # The console has one size and one density of its own.
    frame: dict[str, Any] = {"size_classes": "console", "elder": False}
    if officer is None:
        return frame
    account = services().accounts.get(officer.account_id)
    return frame | {
        "glass": officer.glass,
        "officer_name": (account.masked_name or account.username) if account else "",
        "officer_power": NAMES[officer.power],
        "console_menu": menu(officer),
    }


def client_names(client_ids: Iterable[str | None]) -> dict[str, str]:
    """Return how staff call these clients; a page reads the names that it shows, and no others."""
    return services().registry.names((one for one in client_ids if one is not None), current_locale())


def places_of(networks: Iterable[str | None]) -> dict[str, Place]:
    """Return where networks are, those that the table of networks knows."""
    found = {network: services().networks.place_of(network) for network in networks if network is not None}
    return {network: place for network, place in found.items() if place is not None}


def username_of(account_id: Any) -> str:  # noqa: ANN401 - an id from a list
    """Return how staff call an account."""
    account = services().accounts.get(account_id)
    return account.username if account else ""


def actor_name(actor: str) -> str:
    """Return how staff call whoever did something: the account's username, else the actor as it was recorded."""
    kind, _, account_id = actor.partition(":")
    return username_of(UUID(account_id)) if kind == "account" else actor


def actor_names(records: Sequence[AuditRecord], officer: Officer) -> dict[str, str]:
    """Return how staff call whoever acts in these records, and whom they are about, by the names of the record.

    Citizens are named only to those who may see accounts; the others read the end of an id. Who acts
    for the state is named to all who see events.
    """
    names = {"system": gettext(_SYSTEM)}
    accounts, clients = set(), set()
    for record in records:
        kind, _, rest = record.actor.partition(":")
        if kind == "client":
            clients.add(rest)
        elif kind == "command":
            names[record.actor] = gettext(_COMMAND, user=rest)
        elif kind == "account":
            accounts.add(UUID(rest))
        if record.account_id:
            accounts.add(record.account_id)
    everybody = frozenset(accounts)
    if not officer.may(Permission.SEE_ACCOUNTS):
        accounts &= {holder.account_id for holder in services().staff.holders()}
    called = {one: f"…{str(one)[-_TAIL:]}" for one in everybody} | services().account_search.usernames(accounts)
    names |= {f"client:{client_id}": name for client_id, name in client_names(clients).items()}
    return names | {f"account:{account_id}": username for account_id, username in called.items()}
