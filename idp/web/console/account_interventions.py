"""The forms of what officers do to one account: each asks for a fresh sign-in and a reason."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.accounts.restrictions import KINDS
from idp.foundation.errors import UserError
from idp.foundation.translation import marked
from idp.interventions.accounts import VALUES
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.web.console.account_forms import TIMES, choice_problem, form_page
from idp.web.console.accounts import PATH, known_account
from idp.web.console.guards import requires
from idp.web.console.problems import found_problems, reason_problem
from idp.web.shared.forms import NOTHING_TYPED, Form, read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.pages import Problem
from idp.web.shared.services import services

_NO_CASE: Final = marked("Write the number of the case.")
_EMPTY: Final = marked("This account has no such value.")


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True)
def restricting(officer: Officer, account_id: UUID) -> Response:
    """Ask which restriction, for how long and why."""
    return _restrict_page(officer, account_id)


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True)
def restrict(officer: Officer, account_id: UUID) -> Response:
    """Keep an account out and end its sessions."""
    form = read_form(request)
    kind, hours, reason = form.text("kind"), form.text("hours"), form.text("reason")
    problems = found_problems(
        choice_problem("kind", kind, KINDS), choice_problem("hours", hours, TIMES), reason_problem(reason)
    )
    if not problems:
        until = services().clock.now() + timedelta(hours=int(hours))
        try:
            services().account_interventions.restrict(account_id, kind, until, officer=officer, reason=reason)
        except UserError as error:
            problems = [Problem.of(error)]
    return _restrict_page(officer, account_id, problems, form) if problems else see_other(f"{PATH}/{account_id}")


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def lifting(officer: Officer, account_id: UUID, kind: str) -> Response:
    """Ask why a restriction is to go."""
    return _lift_page(officer, account_id, kind)


@requires(Permission.RESTRICT_ACCOUNTS, fresh=True, in_emergency=False)
def lift(officer: Officer, account_id: UUID, kind: str) -> Response:
    """Let an account in again."""
    reason = read_form(request).text("reason")
    problems = found_problems(reason_problem(reason))
    if not problems:
        try:
            services().account_interventions.lift(account_id, kind, officer=officer, reason=reason)
        except UserError as error:
            problems = [Problem.of(error)]
    return _lift_page(officer, account_id, kind, problems) if problems else see_other(f"{PATH}/{account_id}")


@requires(Permission.RESET_FACTORS, fresh=True)
def resetting(officer: Officer, account_id: UUID, authenticator_id: UUID) -> Response:
    """Ask for the case in which a factor is to be reset."""
    return _reset_page(officer, account_id, authenticator_id)


@requires(Permission.RESET_FACTORS, fresh=True)
def reset(officer: Officer, account_id: UUID, authenticator_id: UUID) -> Response:
    """Remove a factor and end all sessions."""
    form = read_form(request)
    case, reason = form.text("case_number"), form.text("reason")
    problems = found_problems(None if case else Problem(gettext(_NO_CASE), "case_number"), reason_problem(reason))
    if not problems:
        try:
            services().account_interventions.reset_factor(
                account_id, authenticator_id, officer=officer, case_number=case, reason=reason
            )
        except UserError as error:
            problems = [Problem.of(error)]
    if problems:
        return _reset_page(officer, account_id, authenticator_id, problems, form)
    return see_other(f"{PATH}/{account_id}")


@requires(Permission.REVEAL_PERSONAL_DATA, fresh=True)
def revealing(officer: Officer, account_id: UUID) -> Response:
    """Ask which value is needed and why."""
    return _reveal_page(officer, account_id)


@requires(Permission.REVEAL_PERSONAL_DATA, fresh=True)
def reveal(officer: Officer, account_id: UUID) -> Response:
    """Show one value on this answer, and nowhere again without another reason."""
    form = read_form(request)
    name, reason = form.text("value"), form.text("reason")
    problems = found_problems(choice_problem("value", name, VALUES), reason_problem(reason))
    known_account(account_id)
    if problems:
        return _reveal_page(officer, account_id, problems, form)
    value = services().account_interventions.reveal(account_id, name, officer=officer, reason=reason)
    return _reveal_page(officer, account_id, form=form, shown=value or gettext(_EMPTY))


def _restrict_page(
    officer: Officer, account_id: UUID, problems: Sequence[Problem] = (), form: Form = NOTHING_TYPED
) -> Response:
    return form_page(officer, account_id, "restrict_account.html", problems, form, kinds=KINDS, times=TIMES)


def _lift_page(officer: Officer, account_id: UUID, kind: str, problems: Sequence[Problem] = ()) -> Response:
    found = next((one for one in services().restrictions.in_force(account_id) if one.kind == kind), None)
    if found is None:
        raise NotFound
    return form_page(officer, account_id, "lift_restriction.html", problems, restriction=found, kinds=KINDS)


def _reset_page(
    officer: Officer,
    account_id: UUID,
    authenticator_id: UUID,
    problems: Sequence[Problem] = (),
    form: Form = NOTHING_TYPED,
) -> Response:
    views = services().factors.enrolled(account_id).authenticators
    view = next((one for one in views if one.id == authenticator_id and one.kind != "password"), None)
    if view is None:
        raise NotFound
    return form_page(officer, account_id, "reset_factor.html", problems, form, factor=view)


def _reveal_page(
    officer: Officer,
    account_id: UUID,
    problems: Sequence[Problem] = (),
    form: Form = NOTHING_TYPED,
    shown: str | None = None,
) -> Response:
    return form_page(officer, account_id, "reveal_value.html", problems, form, values_offered=VALUES, shown=shown)
