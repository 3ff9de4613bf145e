"""The start of the console: what waits for this officer."""

from werkzeug.wrappers import Response

from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.shared.guards import public
from idp.web.shared.journeys import see_other
from idp.web.shared.services import services


@public
def start() -> Response:
    """Lead from the bare address to the console."""
    return see_other("/console")


@requires(Permission.SEE_OVERVIEW)
def show(officer: Officer) -> Response:
    """Show the tasks."""
    waiting = services().changes.count_open() if officer.may(Permission.APPROVE_REQUESTS) else None
    return console_page(officer, "overview.html", requests_waiting=waiting)
