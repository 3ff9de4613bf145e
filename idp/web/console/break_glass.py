"""The break-glass: what is under way, asking for it, turning the second key, ending it (rule A2)."""

from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page, username_of
from idp.web.console.problems import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import current_session, see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

PATH = "/console/break-glass"


@requires(Permission.SEE_BREAK_GLASS)
def show(officer: Officer) -> Response:
    """Say what is under way, who asked and why."""
    return _page(officer, "show")


@requires(Permission.BREAK_GLASS, fresh=True)
def asking(officer: Officer) -> Response:
    """Ask why."""
    return _page(officer, "ask")


@requires(Permission.BREAK_GLASS, fresh=True)
def ask(officer: Officer) -> Response:
    """Put it before the other custodians, and alarm everybody."""
    reason, session = read_form(request).text("reason"), current_session()
    problem = reason_problem(reason)
    if problem is None and session is not None:
        try:
            services().break_glass.ask(officer, session.id, reason)
        except UserError as error:
            problem = Problem.of(error)
    return _page(officer, "ask", problem) if problem else see_other(PATH)


@requires(Permission.BREAK_GLASS, fresh=True)
def confirming(officer: Officer, glass_id: UUID) -> Response:
    """Show what would be confirmed."""
    if officer.glass is None or officer.glass.id != glass_id:
        raise NotFound
    return _page(officer, "confirm")


@requires(Permission.BREAK_GLASS, fresh=True)
def confirm(officer: Officer, glass_id: UUID) -> Response:
    """Turn the second key."""
    try:
        services().break_glass.confirm(glass_id, officer)
    except UserError as error:
        return _page(officer, "confirm", Problem.of(error))
    return see_other(PATH)


@requires(Permission.SEE_BREAK_GLASS)
def end(officer: Officer) -> Response:
    """End it at once. It asks for no fresh sign-in and no reason: what stops an emergency must be quick."""
    glass = officer.glass
    if glass is not None and read_form(request).text("glass") == str(glass.id):
        services().break_glass.end(glass.id, officer)
    return see_other(PATH)


def _page(officer: Officer, step: str, problem: Problem | None = None) -> Response:
    return console_page(
        officer,
        "break_glass.html",
        problems=[problem],
        step=step,
        opener=username_of(officer.glass.opener_account_id) if officer.glass else "",
        is_opener=officer.glass is not None and officer.glass.opener_id == officer.person_id,
        may_break=officer.may(Permission.BREAK_GLASS),
    )
