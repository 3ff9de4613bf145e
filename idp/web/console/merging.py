"""Asking for another account of the same human to be merged into this one."""

from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.account_interventions import found_problems
from idp.web.console.accounts import known_account
from idp.web.console.guards import requires
from idp.web.console.holds import NO_ACCOUNT, account_of
from idp.web.console.pages import console_page
from idp.web.console.reasons import reason_problem
from idp.web.shared.forms import Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def merging(officer: Officer, account_id: UUID) -> Response:
    """Ask which account goes, and why."""
    return _page(officer, account_id)


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def merge(officer: Officer, account_id: UUID) -> Response:
    """Ask another officer to approve it."""
    form = read_form(request)
    known_account(account_id)
    other, reason = account_of(form.text("other")), form.text("reason")
    problems = found_problems(
        None if other is not None else Problem(gettext(NO_ACCOUNT), "other"), reason_problem(reason)
    )
    if not problems and other is not None:
        try:
            request_id = services().merging.propose(account_id, other, officer, reason, services().changes)
            return see_other(f"/console/requests/{request_id}")
        except UserError as error:
            problems = [Problem(gettext(error.message), error.field or "other")]
    return _page(officer, account_id, problems, form)


def _page(
    officer: Officer, account_id: UUID, problems: list[Problem] | None = None, form: Form | None = None
) -> Response:
    return console_page(
        officer,
        "merge_account.html",
        400 if problems else 200,
        problems=problems or (),
        account=known_account(account_id),
        typed=form.text if form else (lambda _name: ""),
    )
