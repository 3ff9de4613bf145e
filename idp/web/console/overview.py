"""The start of the console: the search box, and what waits for this officer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from werkzeug.wrappers import Response

from idp.foundation.translation import marked
from idp.staff.powers import Permission, Power
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.shared.guards import public
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for officers with a permission: where it is done, and how much of it there is."""

    path: str
    text: str
    permission: Permission
    count: Callable[[Officer], int]


def _expiring(officer: Officer) -> int:
    return services().credentials.count_clients(officer.agency if officer.power is Power.DELEGATE else None)


def _alerts(_officer: Officer) -> int:
    return len(services().alerting.alerts.latest(timedelta(days=1)))


TASKS: Final = (
    Task(
        "/console/requests",
        marked("Requests waiting for approval"),
        Permission.APPROVE_REQUESTS,
        lambda _officer: services().changes.count_open(),
    ),
    Task(
        "/console/clients?expiring=30d",
        marked("Services with a secret that ends in 30 days"),
        Permission.SEE_CLIENTS,
        _expiring,
    ),
    Task("/console/hunts#alerts", marked("Alerts of the last 24 hours"), Permission.SEE_HUNTS, _alerts),
    Task(
        "/console/deliveries",
        marked("Messages to services given up"),
        Permission.SEE_DELIVERIES,
        lambda _officer: services().signals.ledger.counts()[1],
    ),
    Task(
        "/console/messages?state=dead",
        marked("Messages to people given up"),
        Permission.SEE_DELIVERIES,
        lambda _officer: services().notices.counts()[1],
    ),
)


@public
def start() -> Response:
    """Lead from the bare address to the console."""
    return see_other("/console")


@requires(Permission.SEE_OVERVIEW)
def show(officer: Officer) -> Response:
    """Show the search box and the tasks."""
    return overview_page(officer)


def overview_page(officer: Officer, problem: Problem | None = None) -> Response:
    """Answer with the start page, perhaps with what is wrong with a search."""
    return console_page(
        officer,
        "overview.html",
        404 if problem else 200,
        problems=[problem] if problem else [],
        tasks=[(task, task.count(officer)) for task in TASKS if officer.may(task.permission)],
    )
