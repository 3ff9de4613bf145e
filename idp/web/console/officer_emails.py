"""The form for another officer's e-mail address, to which notices and alarms go: a fresh sign-in and a reason."""

from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.guards import requires
from idp.web.console.pages import console_page
from idp.web.console.problems import reason_problem
from idp.web.console.staff import PATH, known_holder
from idp.web.shared.forms import NOTHING_TYPED, Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services


@requires(Permission.CHANGE_STAFF, fresh=True)
def changing(officer: Officer, person_id: UUID) -> Response:
    """Ask for the new address and why."""
    return _page(officer, person_id)


@requires(Permission.CHANGE_STAFF, fresh=True)
def change(officer: Officer, person_id: UUID) -> Response:
    """Replace the address; both are told."""
    holder, form = known_holder(person_id), read_form(request)
    problem = reason_problem(form.text("reason"))
    if problem is None:
        try:
            services().account_interventions.change_email(
                holder.account_id, form.text("email"), officer=officer, reason=form.text("reason")
            )
        except UserError as error:
            problem = Problem.of(error)
    return _page(officer, person_id, problem, form) if problem else see_other(PATH)


def _page(officer: Officer, person_id: UUID, problem: Problem | None = None, form: Form = NOTHING_TYPED) -> Response:
    holder = known_holder(person_id)
    account = services().accounts.get(holder.account_id)
    return console_page(
        officer,
        "officer_email.html",
        problems=[problem],
        holder=holder,
        masked_email=account.masked_email if account else None,
        email=form.text("email"),
        reason=form.text("reason"),
    )
