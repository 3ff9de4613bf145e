"""The sign-in page: a name and a password, or a passkey. Every refusal looks the same (rule S4)."""

from collections.abc import Sequence
from typing import Final

from werkzeug.wrappers import Response

from idp.factors.hashing_pool import Busy
from idp.foundation.throttle import Refused
from idp.sign_in.journey import Step
from idp.sign_in.proof_of_work import LONGEST_PROOF
from idp.sign_in.service import PasswordOutcome
from idp.sign_in.values import Situation, WrongPassword
from idp.web.shared.forms import read_form
from idp.web.shared.locale import gettext
from idp.web.shared.messages import ENTER_PASSWORD, ENTER_USERNAME, WRONG_CREDENTIALS
from idp.web.shared.pages import Problem
from idp.web.shared.services import services
from idp.web.shared.state import present_request
from idp.web.sign_in import passkey
from idp.web.sign_in.visits import SWITCH, Journey, go_on, on_journey, page, reason, to_step, wait_page

AGAIN: Final = "again"
"""The button of the wait page, which brings the name that was typed."""
_NEW: Final = Situation(Step.PASSWORD)


@on_journey
def show(journey: Journey) -> Response:
    """Ask for name and password; who is signed in goes on to what is missing, unless another account is wanted."""
    if journey.visit.session is None or SWITCH in present_request().args:
        return _form(journey, _NEW, journey.interaction.login_hint or "")
    situation = journey.situation()
    if situation.step is not Step.PASSWORD:
        return to_step(journey, situation.step)
    return _form(journey, situation, journey.interaction.login_hint or "")


@on_journey
def submit(journey: Journey) -> Response:
    """Take name and password, or a passkey instead."""
    if "credential" in present_request().form:
        return passkey.take(journey)
    form = read_form(present_request())
    username, password = form.identifier("username"), form.password("password")
    proof = form.text("proof", LONGEST_PROOF)
    if username and not password and (proof or form.ticked(AGAIN)):
        return _form(journey, _NEW, username, proof=proof)
    missing = [
        Problem(gettext(message), field)
        for field, value, message in (("username", username, ENTER_USERNAME), ("password", password, ENTER_PASSWORD))
        if not value
    ]
    if missing:
        return _form(journey, _NEW, username, missing)
    return _answer(
        journey,
        username,
        services().sign_in.submit_password(journey.visit, journey.interaction, username, password, proof),
    )


def _answer(journey: Journey, username: str, outcome: PasswordOutcome) -> Response:
    if isinstance(outcome, Busy):
        return wait_page(journey, outcome, username=username)
    if isinstance(outcome, Refused):
        work = services().sign_in.work_for(journey.visit, username, outcome)
        return wait_page(journey, outcome, work=work, username=username)
    if isinstance(outcome, WrongPassword):
        return _form(journey, _NEW, username, [Problem(gettext(WRONG_CREDENTIALS), "password")])
    return go_on(journey, outcome)


def _form(
    journey: Journey, situation: Situation, username: str, problems: Sequence[Problem] = (), proof: str = ""
) -> Response:
    why = reason(journey, situation) if SWITCH not in present_request().args else None
    return page(
        journey,
        "sign_in/login.html",
        problems=problems,
        username=username,
        reason=why,
        passkey_options=services().sign_in.ask_passkey(journey.visit),
        proof=proof,
    )
