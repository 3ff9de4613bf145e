"""What the pages of sessions and of grants have in common when all that a filter chooses is to be ended."""

from collections.abc import Callable

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.interventions.chosen import Chosen
from idp.staff.values import Officer
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services


def begin(
    officer: Officer, path: str, choose: Callable[[], Chosen], ask_again: Callable[[Officer, Problem], Response]
) -> Response:
    """Begin to end them, or ask a second officer; ask again where the reason is missing or the filter will not do."""
    reason = read_form(request).text("reason")
    problem = reason_problem(reason)
    try:
        chosen = choose()
    except UserError as error:
        problem = Problem.of(error)
    if problem:
        return ask_again(officer, problem)
    decided = services().mass_endings.decide(chosen, officer, reason, services().changes)
    is_running = services().mass_endings.progress(decided) is not None
    return see_other(f"{path}/endings/{decided}" if is_running else f"/console/requests/{decided}")
