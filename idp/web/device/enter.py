"""Entering the code of a device: only for people who have signed in, with few tries (RFC 8628 §3.3 and §5.1).

A GET never looks a code up: one that came in the address is taken like one that was typed, by the form.
"""

from math import ceil

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.throttle import Refused
from idp.protocol.artefacts.device_authorization import plain_user_code
from idp.protocol.device_flow import UnknownCode
from idp.sessions.values import Session
from idp.web.device.confirm import confirm_address
from idp.web.device.ways import CODE_PARAMETER, ENTER_PATH, to_sign_in
from idp.web.shared.forms import read_form
from idp.web.shared.guards import public
from idp.web.shared.journeys import current_session, see_other
from idp.web.shared.locale import gettext
from idp.web.shared.messages import ENTER_USER_CODE, UNKNOWN_USER_CODE
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services


@public
def show() -> Response:
    """Ask for the code, after the person has signed in."""
    session, code = current_session(), _code_of_link()
    if session is None:
        return to_sign_in(f"{ENTER_PATH}?{CODE_PARAMETER}={code}" if code else ENTER_PATH)
    return _page(code)


@public
def submit() -> Response:
    """Take the code."""
    session = current_session()
    if session is None:
        return to_sign_in(ENTER_PATH)
    typed = read_form(request).code(CODE_PARAMETER)
    if not typed:
        return _page(None, Problem(gettext(ENTER_USER_CODE), CODE_PARAMETER))
    return _look_up(session, typed)


def _look_up(session: Session, typed: str) -> Response:
    found = services().protocol.device_flow.look_up(session, typed, came_by_link=typed == _code_of_link())
    if isinstance(found, Refused):
        wait = ceil((found.until - services().clock.now()).total_seconds())
        response = render("device/wait.html", 429, until=found.until, retry_url=ENTER_PATH)
        response.headers["Retry-After"] = str(max(1, wait))
        return response
    if isinstance(found, UnknownCode):
        # Whatever came in the address is shown no more: the person looks at the device.
        return _page(None, Problem(gettext(UNKNOWN_USER_CODE), CODE_PARAMETER))
    return see_other(confirm_address(services().protocol.device_flow.seal(found, session)))


def _code_of_link() -> str | None:
    return plain_user_code(request.args.get(CODE_PARAMETER, ""))


def _page(code: str | None, problem: Problem | None = None) -> Response:
    return render("device/enter.html", problems=[problem], linked_code=code)
