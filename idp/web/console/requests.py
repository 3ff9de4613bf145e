"""Changes that wait for another officer: what exactly is asked, by whom and why, and the answer."""

from typing import Any
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.interventions.client_changes import PUBLISH
from idp.registry.views import Comparison
from idp.staff.powers import Permission
from idp.staff.values import Change, Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.reasons import reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services


@requires(Permission.APPROVE_REQUESTS)
def show_all(officer: Officer) -> Response:
    """List what waits."""
    waiting = services().changes.open_requests()
    return console_page(officer, "requests.html", changes=[_line(change, officer) for change in waiting])


@requires(Permission.APPROVE_REQUESTS, fresh=True)
def show(officer: Officer, request_id: UUID) -> Response:
    """Show one request with its whole content."""
    return _page(officer, request_id)


@requires(Permission.APPROVE_REQUESTS, fresh=True)
def decide(officer: Officer, request_id: UUID) -> Response:
    """Approve, reject or withdraw, as the button says."""
    form = read_form(request)
    answer, reason = form.text("answer"), form.text("reason")
    problem = reason_problem(reason) if answer == "reject" else None
    if problem:
        return _page(officer, request_id, problem)
    try:
        if answer == "approve":
            services().changes.approve(request_id, form.text("digest"), officer)
        elif answer == "withdraw":
            services().changes.withdraw(request_id, officer)
        else:
            services().changes.reject(request_id, officer, reason)
    except UserError as error:
        return _page(officer, request_id, Problem(gettext(error.message, **error.values)))
    return see_other(f"/console/requests/{request_id}")


def _page(officer: Officer, request_id: UUID, problem: Problem | None = None) -> Response:
    change = services().changes.get(request_id)
    if change is None:
        raise NotFound
    problems = [problem] if problem else []
    return console_page(
        officer,
        "request.html",
        400 if problem else 200,
        problems=problems,
        change=change,
        line=_line(change, officer),
        comparison=_comparison(change),
    )


def _comparison(change: Change) -> Comparison | None:
    """Return what would change in a registration."""
    return services().registry.compare(change.target, change.content["version"]) if change.kind == PUBLISH else None


def _line(change: Change, officer: Officer) -> dict[str, Any]:
    return {
        "change": change,
        "is_own": change.author_id == officer.person_id,
        "has_approved": officer.person_id in change.approver_ids,
        "given": len(change.approver_ids),
    }
