"""The first two officers: whoever holds a code from the server's terminal becomes a security officer (rule A2)."""

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from idp.sessions.values import Session
from idp.web.shared.forms import read_form
from idp.web.shared.guards import signed_in
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.messages import WRONG_CODE
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services


@signed_in
def show(session: Session) -> Response:  # noqa: ARG001 - any staff account may hold a code
    """Ask for the code."""
    return render("console/bootstrap.html", size_classes="console", elder=False)


@signed_in
def redeem(session: Session) -> Response:
    """Take the code."""
    if session.account_kind != "staff":
        raise NotFound
    code = read_form(request).text("code")
    if services().staff.redeem_bootstrap_code(session.account_id, code):
        return see_other("/console")
    problem = Problem(gettext(WRONG_CODE), "code")
    return render("console/bootstrap.html", size_classes="console", elder=False, problems=[problem])
