"""How the service itself is: what could not be told to departments, and whether this node is fit."""

from typing import Final

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.signals.ledger import DeadLetter
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import client_names, console_page
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_DELIVERIES: Final = "/console/deliveries"
_MOST_COUNTED: Final = 10_000


@requires(Permission.SEE_HEALTH)
def health(officer: Officer) -> Response:
    """Show what this node finds when it looks at what it needs."""
    return console_page(officer, "health.html", readiness=services().signals.readiness())


@requires(Permission.SEE_DELIVERIES)
def deliveries(officer: Officer) -> Response:
    """Show how much waits, and list what was given up."""
    waiting, dead = services().signals.ledger.counts_up_to(_MOST_COUNTED + 1)
    letters = services().signals.ledger.dead_letters()
    return console_page(
        officer,
        "deliveries.html",
        waiting=min(waiting, _MOST_COUNTED),
        dead=min(dead, _MOST_COUNTED),
        more_wait=waiting > _MOST_COUNTED,
        more_dead=dead > _MOST_COUNTED,
        letters=letters,
        names=client_names(letter.client_id for letter in letters),
        may_retry=officer.may(Permission.RETRY_DELIVERIES),
    )


@requires(Permission.RETRY_DELIVERIES, fresh=True)
def retrying(officer: Officer) -> Response:
    """Ask why the messages of a service are to be tried again."""
    return _retry_page(officer)


@requires(Permission.RETRY_DELIVERIES, fresh=True)
def retry(officer: Officer) -> Response:
    """Let what was given up for a service be tried again."""
    reason, letters = read_form(request).text("reason"), _letters()
    problem = reason_problem(reason)
    if problem:
        return _retry_page(officer, problem)
    with services().database.transaction():
        services().signals.ledger.replay(letters[0].client_id)
        services().staff.note_reason(officer, "deliveries.retry", reason, client_id=letters[0].client_id)
    return see_other(_DELIVERIES)


def _letters() -> list[DeadLetter]:
    """Return what was given up for the service of the address."""
    wanted = request.args.get("client", "")
    found = [letter for letter in services().signals.ledger.dead_letters() if letter.client_id == wanted]
    if not found:
        raise NotFound
    return found


def _retry_page(officer: Officer, problem: Problem | None = None) -> Response:
    letters = _letters()
    client_id = letters[0].client_id
    return console_page(
        officer,
        "retry_deliveries.html",
        problems=[problem],
        name=client_names([client_id]).get(client_id, client_id),
        count=len(letters),
    )
