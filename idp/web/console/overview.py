"""The start of the console: the search box, and what waits for this officer."""

from werkzeug.wrappers import Response

from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.shared.guards import public
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services


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
    waiting = services().changes.count_open() if officer.may(Permission.APPROVE_REQUESTS) else None
    return console_page(
        officer,
        "overview.html",
        404 if problem else 200,
        problems=[problem] if problem else [],
        requests_waiting=waiting,
    )
