"""How the service itself is: what could not be told to departments, and whether this node is fit."""

from functools import partial
from importlib.metadata import version
from typing import Final

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.keyset import PAGE
from idp.foundation.translation import marked
from idp.signals.ledger import DeadLetter
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console import filters
from idp.web.console.guards import requires
from idp.web.console.pages import client_names, console_page
from idp.web.console.paging import Page, current_page
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import current_locale
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_DELIVERIES: Final = "/console/deliveries"
_MOST_COUNTED: Final = 10_000
_MOST_IN_QUEUE: Final = 1_000
_LABELS: Final = {"client": marked("Service")}


@requires(Permission.SEE_HEALTH)
def health(officer: Officer) -> Response:
    """Show what this node finds when it looks at what it needs."""
    return console_page(
        officer, "health.html", readiness=services().signals.readiness(), version=version("unified-identity-provider")
    )


@requires(Permission.SEE_DELIVERIES)
def deliveries(officer: Officer) -> Response:
    """Show how much waits and for whom, and list what was given up."""
    ledger, given = services().signals.ledger, filters.typed(_LABELS)
    waiting, dead = ledger.counts_up_to(_MOST_COUNTED + 1)
    queues = ledger.queues(most=PAGE, counted_to=_MOST_IN_QUEUE + 1)
    page: Page[DeadLetter] = current_page(partial(ledger.dead_page, given.get("client")), _DELIVERIES, given)
    return console_page(
        officer,
        "deliveries.html",
        given=given,
        chips=filters.chips(given, _DELIVERIES, _LABELS, {}),
        queues=queues,
        most_in_queue=_MOST_IN_QUEUE,
        page=page,
        waiting=min(waiting, _MOST_COUNTED),
        dead=min(dead, _MOST_COUNTED),
        more_wait=waiting > _MOST_COUNTED,
        more_dead=dead > _MOST_COUNTED,
        names=services().registry.names(locale=current_locale()),
        may_see_sessions=officer.may(Permission.SEE_SESSIONS),
        may_retry=officer.may(Permission.RETRY_DELIVERIES),
    )


@requires(Permission.RETRY_DELIVERIES, fresh=True)
def retrying(officer: Officer) -> Response:
    """Ask why the messages of a service are to be tried again."""
    return _retry_page(officer)


@requires(Permission.RETRY_DELIVERIES, fresh=True)
def retry(officer: Officer) -> Response:
    """Let what was given up for a service be tried again."""
    reason, client_id = read_form(request).text("reason"), _given_up()[0]
    problem = reason_problem(reason)
    if problem:
        return _retry_page(officer, problem)
    with services().database.transaction():
        services().signals.ledger.replay(client_id)
        services().staff.note_reason(officer, "deliveries.retry", reason, client_id=client_id)
    return see_other(_DELIVERIES)


def _given_up() -> tuple[str, int]:
    """Return the service of the address, and how much was given up for it."""
    wanted = request.args.get("client", "")
    count = services().signals.ledger.count_given_up(wanted) if "\0" not in wanted else 0
    if not count:
        raise NotFound
    return wanted, count


def _retry_page(officer: Officer, problem: Problem | None = None) -> Response:
    client_id, count = _given_up()
    return console_page(
        officer,
        "retry_deliveries.html",
        problems=[problem],
        name=client_names([client_id]).get(client_id, client_id),
        count=count,
    )
