"""Adding an authenticator app. The key is made by a POST and shown in its answer only: no second look shows it."""

from flask import request
from werkzeug.wrappers import Response

from idp.enrolment.values import Kept, NothingPending, StepUpNeeded
from idp.factors.factor import WrongCode
from idp.factors.totp import LONGEST_LABEL, PendingTOTP
from idp.sessions.values import Session
from idp.web.my_account.notices import done, step_up
from idp.web.shared.cookies import put_session
from idp.web.shared.forms import read_form
from idp.web.shared.guards import signed_in
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.messages import CLOCK_OFF, ENTER_TOTP, LABEL_TOO_LONG, WRONG_TOTP
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services
from idp.web.shared.stopping import where_allowed

PATH = "/account/totp/new"


@signed_in
def show(session: Session) -> Response:
    """Say what comes, after a recent sign-in."""
    needed = services().enrolment.step_up_for(session)
    return render("my_account/totp_start.html") if needed is None else step_up(needed)


@signed_in
@where_allowed
def add(session: Session) -> Response:
    """Make the key, or take its first code."""
    if "code" in request.form:
        return _confirm(session)
    outcome = services().enrolment.begin_totp(session, _username(session))
    if isinstance(outcome, StepUpNeeded):
        return step_up(outcome)
    return see_other("/account/methods") if isinstance(outcome, Kept) else _key_page(outcome)


def _confirm(session: Session) -> Response:
    form = read_form(request)
    code, label = form.code("code"), form.text("label")
    if not code:
        return _again(session, label, Problem(gettext(ENTER_TOTP), "code"))
    if len(label) > LONGEST_LABEL:
        return _again(session, label, Problem(gettext(LABEL_TOO_LONG), "label"))
    outcome = services().enrolment.confirm_totp(session, code, label)
    if isinstance(outcome, StepUpNeeded):
        return step_up(outcome)
    if isinstance(outcome, NothingPending):
        return see_other(PATH)
    if isinstance(outcome, WrongCode):
        return _again(session, label, Problem(gettext(CLOCK_OFF if outcome.reason == "clock" else WRONG_TOTP), "code"))
    put_session(outcome.session_cookie)
    return done("/account/methods", "app-added")


def _again(session: Session, label: str, problem: Problem) -> Response:
    pending = services().enrolment.pending_totp(session, _username(session))
    return see_other(PATH) if pending is None else _key_page(pending, label, problem)


def _key_page(pending: PendingTOTP, label: str = "", problem: Problem | None = None) -> Response:
    return render(
        "my_account/totp_new.html",
        problems=[problem],
        key=pending.key,
        uri=pending.uri,
        label=label,
    )


def _username(session: Session) -> str:
    account = services().accounts.get(session.account_id)
    return account.username if account else ""
