"""Setting up a second factor during the sign-in, where the account or the service needs one and there is none yet.

The key is made by a POST and shown in its answer only, so that neither Back nor a second look shows it again.
"""

from typing import Final

from flask import request
from werkzeug.wrappers import Response

from idp.factors.factor import WrongCode
from idp.factors.totp import LONGEST_LABEL, PendingTOTP
from idp.sign_in.journey import Step
from idp.sign_in.values import Continue, Expired, SecondFactorEnrolled
from idp.web.shared.forms import read_form
from idp.web.shared.kept_codes import SHOW_CODES, codes_to_show_again, forget_codes, show_once
from idp.web.shared.locale import gettext
from idp.web.shared.messages import CLOCK_OFF, ENTER_TOTP, KEEP_THE_CODES, LABEL_TOO_LONG, WRONG_TOTP
from idp.web.shared.pages import Problem
from idp.web.shared.services import services
from idp.web.sign_in.visits import Journey, expired_page, go_on, on_journey, page

_CODES: Final = "sign_in/recovery_codes.html"


@on_journey
def show(journey: Journey) -> Response:
    """Say that a second factor is needed, or that its recovery codes are still to be kept."""
    situation = journey.situation()
    if situation.step is Step.FINISH:
        return page(journey, _CODES, waiting=bool(codes_to_show_again()))
    if situation.step is not Step.ENROL_SECOND_FACTOR:
        return expired_page(journey, situation.step)
    return page(journey, "sign_in/enrol_start.html")


@on_journey
def submit(journey: Journey) -> Response:
    """Make the key, or take its first code, or go on once the recovery codes are kept."""
    situation = journey.situation()
    if situation.step is not Step.ENROL_SECOND_FACTOR:
        return _go_on_with_codes(journey)
    if "code" in request.form:
        return _confirm(journey)
    pending = services().sign_in.begin_totp(journey.visit, journey.interaction)
    return go_on(journey, pending) if isinstance(pending, Continue) else _key_page(journey, pending)


def _confirm(journey: Journey) -> Response:
    form = read_form(request)
    code, label = form.code("code"), form.text("label")
    if not code:
        return _again(journey, label, Problem(gettext(ENTER_TOTP), "code"))
    if len(label) > LONGEST_LABEL:
        return _again(journey, label, Problem(gettext(LABEL_TOO_LONG), "label"))
    outcome = services().sign_in.confirm_totp(journey.visit, journey.interaction, code, label)
    if isinstance(outcome, WrongCode):
        return _again(journey, label, Problem(gettext(CLOCK_OFF if outcome.reason == "clock" else WRONG_TOTP), "code"))
    if isinstance(outcome, SecondFactorEnrolled):
        show_once(outcome.codes)
        return page(journey, _CODES, codes=outcome.codes)
    return expired_page(journey, Step.ENROL_SECOND_FACTOR) if isinstance(outcome, Expired) else go_on(journey, outcome)


def _again(journey: Journey, label: str, problem: Problem) -> Response:
    pending = services().sign_in.pending_totp(journey.visit, journey.interaction)
    if pending is None:
        return expired_page(journey, Step.ENROL_SECOND_FACTOR)
    return _key_page(journey, pending, label, problem)


def _key_page(journey: Journey, pending: PendingTOTP, label: str = "", problem: Problem | None = None) -> Response:
    return page(
        journey,
        "sign_in/enrol_totp.html",
        problems=[problem],
        key=pending.key,
        uri=pending.uri,
        label=label,
    )


def _go_on_with_codes(journey: Journey) -> Response:
    codes, form = codes_to_show_again(), read_form(request)
    if codes and not form.ticked("saved"):
        problem = None if form.text("answer") == SHOW_CODES else Problem(gettext(KEEP_THE_CODES), "saved")
        return page(journey, _CODES, problems=[problem], codes=codes)
    forget_codes()
    return go_on(journey, services().sign_in.proceed(journey.visit, journey.interaction))
