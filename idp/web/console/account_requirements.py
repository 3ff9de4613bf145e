"""The forms of what officers require of an account: each asks for a fresh sign-in and a reason."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.accounts.requirements import FACTORS, KINDS, RESET_CREDENTIAL
from idp.foundation.errors import UserError
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.account_forms import TIMES, choice_problem, form_page
from idp.web.console.accounts import PATH
from idp.web.console.guards import requires
from idp.web.console.problems import found_problems, reason_problem
from idp.web.shared.forms import NOTHING_TYPED, Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_FACTOR: Final = FACTORS[0]


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def requiring(officer: Officer, account_id: UUID) -> Response:
    """Ask what is required, until when and why."""
    return _require_page(officer, account_id)


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def require(officer: Officer, account_id: UUID) -> Response:
    """Lay the requirement on the account and end its sessions."""
    form = read_form(request)
    kind, hours, reason = form.text("kind"), form.text("hours"), form.text("reason")
    problems = found_problems(
        choice_problem("kind", kind, KINDS), choice_problem("hours", hours, TIMES), reason_problem(reason)
    )
    if not problems:
        until = services().clock.now() + timedelta(hours=int(hours))
        factor = _FACTOR if form.ticked("factor") and kind == RESET_CREDENTIAL else None
        try:
            services().requirement_interventions.require(
                account_id, kind, until, factor=factor, officer=officer, reason=reason
            )
        except UserError as error:
            problems = [Problem.of(error)]
    return _require_page(officer, account_id, problems, form) if problems else see_other(f"{PATH}/{account_id}")


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def waiving(officer: Officer, account_id: UUID, kind: str) -> Response:
    """Ask why a requirement is taken back."""
    return _waive_page(officer, account_id, kind)


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def waive(officer: Officer, account_id: UUID, kind: str) -> Response:
    """Take a requirement back."""
    reason = read_form(request).text("reason")
    problems = found_problems(reason_problem(reason), choice_problem("kind", kind, KINDS))
    if not problems:
        try:
            services().requirement_interventions.waive(account_id, kind, officer=officer, reason=reason)
        except UserError as error:
            problems = [Problem.of(error)]
    return _waive_page(officer, account_id, kind, problems) if problems else see_other(f"{PATH}/{account_id}")


def _require_page(
    officer: Officer, account_id: UUID, problems: Sequence[Problem] = (), form: Form = NOTHING_TYPED
) -> Response:
    enrolled = services().factors.enrolled(account_id)
    return form_page(
        officer,
        account_id,
        "require_of_account.html",
        problems,
        form,
        kinds=KINDS,
        times=TIMES,
        only_password=not enrolled.has_second_factor,
        wants_factor=form.ticked("factor"),
    )


def _waive_page(officer: Officer, account_id: UUID, kind: str, problems: Sequence[Problem] = ()) -> Response:
    found = next((one for one in services().requirements.in_force(account_id) if one.kind == kind), None)
    if found is None:
        raise NotFound
    return form_page(officer, account_id, "waive_requirement.html", problems, requirement=found, kinds=KINDS)
