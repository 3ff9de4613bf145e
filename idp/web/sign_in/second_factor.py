"""The second factor: the code of an authenticator app, or a recovery code instead."""

from typing import Any, Final

from werkzeug.wrappers import Response

from idp.factors.factor import WrongCode
from idp.foundation.throttle import Refused
from idp.foundation.translation import marked
from idp.sign_in.journey import Step
from idp.sign_in.values import Situation
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.messages import (
    CLOCK_OFF,
    ENTER_RECOVERY_CODE,
    ENTER_TOTP,
    USED_CODE,
    WRONG_RECOVERY_CODE,
    WRONG_TOTP,
)
from idp.web.shared.pages import Problem
from idp.web.shared.services import services
from idp.web.shared.state import present_request
from idp.web.sign_in import choose_factor
from idp.web.sign_in.visits import Journey, expired_page, go_on, on_journey, page, reason, wait_page

_TOTP_PATH, _RECOVERY_PATH, _PASSKEY_PATH = "/login/totp", "/login/recovery-code", "/login/passkey"
_DAY = 86_400
_DISABLED: Final = marked(
    "This way to sign in is switched off after too many wrong codes. Use another way or ask for help"
)
_TOTP_MESSAGES: Final = {"wrong": WRONG_TOTP, "used": USED_CODE, "clock": CLOCK_OFF, "disabled": _DISABLED}
_RECOVERY_MESSAGES: Final = _TOTP_MESSAGES | {"wrong": WRONG_RECOVERY_CODE}


@on_journey
def show_totp(journey: Journey) -> Response:
    """Ask for the code of the authenticator app, or lead to what there is instead."""
    situation = journey.situation()
    if situation.step is not Step.SECOND_FACTOR:
        return expired_page(journey, situation.step)
    if "passkey" in situation.second_factors and "totp" not in situation.second_factors:
        return see_other(journey.path(_PASSKEY_PATH))
    if situation.second_factors == ("recovery_code",):
        return see_other(journey.path(_RECOVERY_PATH))
    return _totp_page(journey, situation)


@on_journey
def show_recovery_code(journey: Journey) -> Response:
    """Ask for a recovery code."""
    situation = journey.situation()
    if situation.step is not Step.SECOND_FACTOR:
        return expired_page(journey, situation.step)
    return _recovery_page(journey, situation)


@on_journey
def submit_totp(journey: Journey) -> Response:
    """Take the code of the authenticator app."""
    form = read_form(present_request())
    code = form.code("code")
    if not code:
        return _totp_page(journey, journey.situation(), ENTER_TOTP)
    outcome = services().sign_in.submit_code(
        journey.visit, journey.interaction, "totp", code, remember=form.ticked("remember")
    )
    if isinstance(outcome, Refused):
        return wait_page(journey, outcome)
    if isinstance(outcome, WrongCode):
        return _totp_page(journey, journey.situation(), _TOTP_MESSAGES[outcome.reason])
    return go_on(journey, outcome)


@on_journey
def submit_recovery_code(journey: Journey) -> Response:
    """Take a recovery code."""
    code = read_form(present_request()).code("code")
    if not code:
        return _recovery_page(journey, journey.situation(), ENTER_RECOVERY_CODE)
    outcome = services().sign_in.submit_code(journey.visit, journey.interaction, "recovery_code", code)
    if isinstance(outcome, Refused):
        return wait_page(journey, outcome)
    if isinstance(outcome, WrongCode):
        return _recovery_page(journey, journey.situation(), _RECOVERY_MESSAGES[outcome.reason])
    return go_on(journey, outcome)


def _totp_page(journey: Journey, situation: Situation, message: str | None = None) -> Response:
    if situation.step is not Step.SECOND_FACTOR:
        return expired_page(journey, situation.step)
    days = services().settings.remembered_browser_seconds // _DAY
    return page(
        journey,
        "sign_in/totp.html",
        problems=_problems(message),
        reason=reason(journey, situation),
        **_count(situation),
        can_remember=situation.can_remember and days > 0,
        remember_days=days,
        **_other_way(journey, situation, "totp"),
    )


def _recovery_page(journey: Journey, situation: Situation, message: str | None = None) -> Response:
    if situation.step is not Step.SECOND_FACTOR:
        return expired_page(journey, situation.step)
    return page(
        journey,
        "sign_in/recovery_code.html",
        problems=_problems(message),
        reason=reason(journey, situation),
        **_count(situation),
        **_other_way(journey, situation, "recovery_code"),
    )


def _other_way(journey: Journey, situation: Situation, kind: str) -> dict[str, Any]:
    """Return the link to the only other factor, or to the choice among several."""
    others = [other for other in situation.second_factors if other != kind]
    if others == ["recovery_code"]:
        return {"recovery_url": journey.path(_RECOVERY_PATH)}
    if others == ["totp"]:
        return {"back_url": journey.path(_TOTP_PATH)}
    if others == ["passkey"] and kind == "totp":
        return {"passkey_url": journey.path(_PASSKEY_PATH)}
    return {"other_url": journey.path(choose_factor.PATH)} if others else {}


def _problems(message: str | None) -> list[Problem]:
    return [Problem(gettext(message), "code")] if message else []


def _count(situation: Situation) -> dict[str, int | None]:
    """Return the numbers of "step 2 of 2"; a step-up has one step and needs no count."""
    return {"step": None, "steps": None} if situation.is_step_up else {"step": 2, "steps": 2}
