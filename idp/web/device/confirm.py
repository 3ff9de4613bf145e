"""Deciding about a device: who asks, from where, for what (RFC 8628 §5.4, RFC 10027)."""

from typing import Any, Final

from flask import request
from werkzeug.wrappers import Response

from idp.accounts.kinds import KINDS
from idp.protocol.device_flow import (
    Closed,
    DeviceOutcome,
    DeviceRequest,
    DeviceTicket,
    NotAdmittedHere,
    StrongerSignInNeeded,
)
from idp.protocol.outcomes import IdentityNotProven
from idp.web.consent.display import context_of
from idp.web.device.ways import CONFIRM_PATH, DONE_PATH, ENTER_PATH, RESULT_PARAMETER, TICKET_PARAMETER, to_sign_in
from idp.web.my_account.device_names import device_name
from idp.web.shared import cookies
from idp.web.shared.forms import read_form
from idp.web.shared.guards import public
from idp.web.shared.journeys import current_session, identity_page, see_other, slip_of
from idp.web.shared.locale import gettext
from idp.web.shared.messages import CHOOSE_ENDING
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services

_RESULTS: Final = ("allowed", "denied", "gone")
_HALF: Final = 4


def confirm_address(sealed: str) -> str:
    """Return the address of the page for a sealed ticket."""
    return f"{CONFIRM_PATH}?{TICKET_PARAMETER}={sealed}"


@public
def show() -> Response:
    """Show who asks for what."""
    ticket = _ticket()
    if ticket is None:
        return see_other(ENTER_PATH)
    return _answer(services().protocol.device_flow.ask(ticket, cookies.session_cookie()))


@public
def decide() -> Response:
    """Take the person's answer."""
    ticket = _ticket()
    if ticket is None:
        return see_other(ENTER_PATH)
    form = read_form(request)
    return _answer(
        services().protocol.device_flow.answer(
            ticket,
            cookies.session_cookie(),
            is_allowed=form.text("answer") == "allow",
            ticked=frozenset(form.choices("claim")),
            displayed=form.text("displayed"),
            ending=form.text("ending"),
        )
    )


@public
def done() -> Response:
    """Say what has become of the request."""
    result = request.args.get(RESULT_PARAMETER, "")
    return render("device/done.html", result=result if result in _RESULTS else "gone")


def _ticket() -> DeviceTicket | None:
    session = current_session()
    sealed = request.args.get(TICKET_PARAMETER, "")
    return services().protocol.device_flow.open(sealed, session) if session is not None and sealed else None


def _answer(outcome: DeviceOutcome) -> Response:
    if isinstance(outcome, Closed):
        return see_other(f"{DONE_PATH}?{RESULT_PARAMETER}={outcome.how}")
    if isinstance(outcome, StrongerSignInNeeded):
        return to_sign_in(confirm_address(request.args[TICKET_PARAMETER]), outcome.acr, fresh_login=outcome.is_fresh)
    if isinstance(outcome, NotAdmittedHere):
        return _not_admitted(outcome)
    if isinstance(outcome, IdentityNotProven):
        return identity_page(outcome.client, outcome.ial)
    problem = Problem(gettext(CHOOSE_ENDING), "ending") if outcome.is_ending_missing else None
    return render(
        "device/confirm.html",
        service=slip_of(outcome.consent.client),
        problems=[problem],
        **_context(outcome),
    )


def _context(asked: DeviceRequest) -> dict[str, Any]:
    code = asked.user_code
    return {
        **context_of(asked.consent),
        "basis": asked.consent.basis,
        "device": device_name(asked.device.user_agent).device,
        "network": asked.device.network,
        "asked_at": asked.device.created_at,
        "user_code": "" if asked.endings else f"{code[:_HALF]}-{code[_HALF:]}",
        "endings": [{"value": ending, "label": ending} for ending in asked.endings],
    }


def _not_admitted(outcome: NotAdmittedHere) -> Response:
    admitted = outcome.client.account_kinds
    return render(
        "device/not_admitted.html",
        403,
        service=slip_of(outcome.client),
        kind=outcome.account_kind,
        admitted=[kind.name for kind in KINDS if kind.name in admitted],
    )
