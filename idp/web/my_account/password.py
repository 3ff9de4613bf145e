"""Changing one's password: the present one is asked for, the new one is entered once (ASVS 6.2.2, 6.2.3)."""

from collections.abc import Sequence
from math import ceil

from flask import request
from werkzeug.wrappers import Response

from idp.enrolment.values import StepUpNeeded, WrongCurrentPassword
from idp.factors.hashing_pool import Busy
from idp.factors.password_rules import PasswordProblem
from idp.foundation.throttle import Refused
from idp.sessions.values import Session
from idp.web.errors import BUSY, TOO_MANY, error_page
from idp.web.my_account.notices import done, step_up
from idp.web.shared.forms import read_form
from idp.web.shared.guards import signed_in
from idp.web.shared.locale import gettext
from idp.web.shared.messages import ENTER_CURRENT_PASSWORD, ENTER_NEW_PASSWORD, WRONG_CURRENT_PASSWORD
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services
from idp.web.shared.stopping import where_allowed


@signed_in
def show(session: Session) -> Response:
    """Show the form, after a recent sign-in."""
    needed = services().enrolment.step_up_for(session)
    return _form(session) if needed is None else step_up(needed)


@signed_in
@where_allowed
def change(session: Session) -> Response:
    """Change the password."""
    form = read_form(request)
    current, new = form.password("current_password"), form.password("new_password")
    missing = [
        Problem(gettext(message), field)
        for field, value, message in (
            ("current_password", current, ENTER_CURRENT_PASSWORD),
            ("new_password", new, ENTER_NEW_PASSWORD),
        )
        if not value
    ]
    if missing:
        return _form(session, missing)
    outcome = services().enrolment.change_password(session, current, new, end_others=form.ticked("end_others"))
    if isinstance(outcome, StepUpNeeded):
        return step_up(outcome)
    if isinstance(outcome, WrongCurrentPassword):
        return _form(session, [Problem(gettext(WRONG_CURRENT_PASSWORD), "current_password")])
    if isinstance(outcome, PasswordProblem):
        return _form(session, [Problem(gettext(outcome.message, **outcome.values), "new_password")])
    if isinstance(outcome, Busy | Refused):
        return _wait(outcome)
    return done("/account/methods", "password")


def _form(session: Session, problems: Sequence[Problem] = ()) -> Response:
    account = services().accounts.get(session.account_id)
    others = [one for one in services().sessions.list(account_id=session.account_id) if one.id != session.id]
    return render(
        "my_account/change_password.html",
        problems=problems,
        username=account.username if account else "",
        minimum=services().enrolment.methods(session).least_password_length,
        others=len(others),
    )


def _wait(outcome: Busy | Refused) -> Response:
    if isinstance(outcome, Busy):
        return error_page(BUSY, 503, retry_seconds=outcome.retry_after)
    seconds = (outcome.until - services().clock.now()).total_seconds()
    return error_page(TOO_MANY, 429, retry_seconds=max(1, ceil(seconds)))
