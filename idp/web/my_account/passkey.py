"""Adding a passkey, after a recent sign-in."""

from typing import Final

from flask import request
from werkzeug.wrappers import Response

from idp.accounts.kinds import KINDS_BY_NAME
from idp.enrolment.values import Kept, NothingPending, StepUpNeeded
from idp.factors.passkey import LONGEST_LABEL
from idp.factors.passkey.values import PasskeyRefused
from idp.sessions.values import Session
from idp.web.my_account.notices import done, step_up
from idp.web.shared.cookies import put_session
from idp.web.shared.forms import LONGEST_CREDENTIAL, read_form
from idp.web.shared.guards import signed_in
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.messages import (
    LABEL_TOO_LONG,
    NO_PASSKEY_SENT,
    PASSKEY_NOT_ATTESTED,
    PASSKEY_REFUSED,
    PASSKEY_TAKEN,
    PASSKEY_TOO_LATE,
)
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services
from idp.web.shared.stopping import where_allowed

PATH: Final = "/account/passkeys/new"
_METHODS_PATH: Final = "/account/methods"
_MESSAGES: Final = {"expired": PASSKEY_TOO_LATE, "not_attested": PASSKEY_NOT_ATTESTED, "taken": PASSKEY_TAKEN}


@signed_in
def show(session: Session) -> Response:
    """Say what a passkey is, and let the browser make one."""
    return _page(session)


@signed_in
@where_allowed
def add(session: Session) -> Response:
    """Take what the browser made."""
    form = read_form(request)
    response, label = form.text("credential", LONGEST_CREDENTIAL), form.text("label")
    if len(label) > LONGEST_LABEL:
        return _page(session, label, Problem(gettext(LABEL_TOO_LONG), "label"))
    if not response:
        return _page(session, label, Problem(gettext(NO_PASSKEY_SENT)))
    outcome = services().enrolment.add_passkey(session, response, label)
    if isinstance(outcome, StepUpNeeded):
        return step_up(outcome)
    if isinstance(outcome, NothingPending):
        return see_other(PATH)
    if isinstance(outcome, PasskeyRefused):
        return _page(session, label, Problem(gettext(_MESSAGES.get(outcome.reason, PASSKEY_REFUSED))))
    put_session(outcome.session_cookie)
    return done(_METHODS_PATH, "passkey-added")


def _page(session: Session, label: str = "", problem: Problem | None = None) -> Response:
    account = services().accounts.get(session.account_id)
    options = services().enrolment.begin_passkey(session, account.username if account else "")
    if isinstance(options, StepUpNeeded):
        return step_up(options)
    if isinstance(options, Kept):
        return see_other(_METHODS_PATH)
    return render(
        "my_account/passkey_new.html",
        problems=[problem],
        options=options,
        label=label,
        attested=KINDS_BY_NAME[session.account_kind].passkeys == "attested",
    )
