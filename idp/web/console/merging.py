"""Asking for another account of the same human to be merged into this one."""

from typing import Final
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.account_forms import form_page
from idp.web.console.accounts import known_account
from idp.web.console.guards import requires
from idp.web.console.holds import NO_ACCOUNT, account_of
from idp.web.console.problems import found_problems, reason_problem
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_FORM: Final = "merge_account.html"


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def merging(officer: Officer, account_id: UUID) -> Response:
    """Ask which account goes, and why."""
    return form_page(officer, account_id, _FORM)


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def merge(officer: Officer, account_id: UUID) -> Response:
    """Ask another officer to approve it."""
    form = read_form(request)
    known_account(account_id)
    other, reason = account_of(form.text("other"), officer), form.text("reason")
    problems = found_problems(
        None if other is not None else Problem(gettext(NO_ACCOUNT), "other"), reason_problem(reason)
    )
    if not problems and other is not None:
        try:
            request_id = services().merging.propose(account_id, other, officer, reason, services().changes)
            return see_other(f"/console/requests/{request_id}")
        except UserError as error:
            problems = [Problem.of(error, "other")]
    return form_page(officer, account_id, _FORM, problems, form)
