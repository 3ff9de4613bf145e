"""How a page of the console is made: as any page, with the officer, their power and their menu."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from werkzeug.wrappers import Response

from idp.staff.powers import NAMES
from idp.staff.values import Officer
from idp.web.console.navigation import menu
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services


def console_page(
    officer: Officer, template: str, status: int = 200, *, problems: Iterable[Problem] = (), **context: Any
) -> Response:
    """Answer with a page of the console."""
    account = services().accounts.get(officer.account_id)
    return render(
        f"console/{template}",
        status,
        problems=problems,
        officer=officer,
        officer_name=(account.masked_name or account.username) if account else "",
        officer_power=NAMES[officer.power],
        console_menu=menu(officer),
        # The console has one size and one density of its own.
        size_classes="console",
        elder=False,
        **context,
    )


def client_names() -> dict[str, str]:
    """Return how staff call each client."""
    return {client.client_id: client.client_name for client in services().registry.list()}


def places_of(networks: Iterable[str | None]) -> dict[str, str]:
    """Return where networks are, those that the table of networks knows."""
    found = {network: services().networks.place_of(network) for network in networks if network is not None}
    return {network: str(place) for network, place in found.items() if place is not None}


def username_of(account_id: Any) -> str:  # noqa: ANN401 - an id from a list
    """Return how staff call an account."""
    account = services().accounts.get(account_id)
    return account.username if account else ""


def actor_name(actor: str) -> str:
    """Return how staff call whoever did something: the account's username, else the actor as it was recorded."""
    kind, _, account_id = actor.partition(":")
    return username_of(UUID(account_id)) if kind == "account" else actor
