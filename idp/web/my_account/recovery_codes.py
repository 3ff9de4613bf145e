"""Making recovery codes. They are shown in the answer to the POST that makes them, and by no GET ever."""

from typing import Final

from flask import request
from werkzeug.wrappers import Response

from idp.enrolment.values import NothingToReplace, StepUpNeeded
from idp.sessions.values import Session
from idp.web.my_account.notices import done, step_up
from idp.web.shared.forms import read_form
from idp.web.shared.guards import signed_in
from idp.web.shared.journeys import see_other
from idp.web.shared.kept_codes import SHOW_CODES, codes_to_show_again, forget_codes, show_once
from idp.web.shared.locale import gettext
from idp.web.shared.messages import KEEP_THE_CODES
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services
from idp.web.shared.stopping import where_allowed

PATH: Final = "/account/recovery-codes"
_TEMPLATE: Final = "my_account/recovery_codes.html"


@signed_in
def show(session: Session) -> Response:
    """Say what recovery codes are, after a recent sign-in."""
    needed = services().enrolment.step_up_for(session)
    if needed is not None:
        return step_up(needed)
    methods = services().enrolment.methods(session)
    if not methods.enrolled.has_second_factor:
        return render(_TEMPLATE, is_useless=True)
    return render(_TEMPLATE, replaces=methods.recovery_codes is not None, waiting=bool(codes_to_show_again()))


@signed_in
@where_allowed
def make(session: Session) -> Response:
    """Make the codes, or go on once they are kept."""
    form = read_form(request)
    if form.text("answer") != "make":
        return _kept(is_ticked=form.ticked("saved"), is_asked_for=form.text("answer") == SHOW_CODES)
    outcome = services().enrolment.make_recovery_codes(session)
    if isinstance(outcome, StepUpNeeded):
        return step_up(outcome)
    if isinstance(outcome, NothingToReplace):
        return see_other(PATH)
    show_once(outcome.codes)
    return render(_TEMPLATE, codes=outcome.codes)


def _kept(*, is_ticked: bool, is_asked_for: bool) -> Response:
    codes = codes_to_show_again()
    if codes and not is_ticked:
        problem = None if is_asked_for else Problem(gettext(KEEP_THE_CODES), "saved")
        return render(_TEMPLATE, problems=[problem], codes=codes)
    forget_codes()
    return done("/account/methods", "codes") if codes else see_other("/account/methods")
