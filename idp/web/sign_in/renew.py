"""The new password that an officer requires before a session opens: entered once, after everything else was proved."""

from typing import Final

from flask import request
from werkzeug.wrappers import Response

from idp.factors.hashing_pool import Busy
from idp.factors.password_rules import PasswordProblem
from idp.sign_in.values import Continue
from idp.web.shared.forms import read_form
from idp.web.shared.locale import gettext
from idp.web.shared.messages import ENTER_NEW_PASSWORD
from idp.web.shared.pages import Problem
from idp.web.shared.services import services
from idp.web.sign_in.visits import Journey, expired_page, go_on, on_journey, page, wait_page

PATH: Final = "/login/renew"


@on_journey
def show(journey: Journey) -> Response:
    """Ask for the new password."""
    return _form(journey)


@on_journey
def submit(journey: Journey) -> Response:
    """Take the new password."""
    password = read_form(request).password("new_password")
    if not password:
        return _form(journey, gettext(ENTER_NEW_PASSWORD))
    outcome = services().credential_renewal.renew(journey.visit, journey.interaction, password)
    if isinstance(outcome, PasswordProblem):
        return _form(journey, gettext(outcome.message, **outcome.values))
    return wait_page(journey, outcome) if isinstance(outcome, Busy) else go_on(journey, outcome)


def _form(journey: Journey, problem: str | None = None) -> Response:
    wanted = services().credential_renewal.wanted(journey.visit, journey.interaction)
    if isinstance(wanted, Continue):
        return expired_page(journey, wanted.step)
    return page(
        journey,
        "sign_in/renew_password.html",
        problems=[Problem(problem, "new_password")] if problem else [],
        username=wanted.username,
        minimum=wanted.least_length,
        factor=wanted.factor,
    )
