"""Which second factor, where an account has several: those that it has, the last used first."""

from collections.abc import Mapping
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.translation import marked
from idp.sign_in.journey import Step
from idp.web.shared.forms import read_form
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import gettext
from idp.web.shared.messages import CHOOSE_FACTOR
from idp.web.shared.pages import Problem
from idp.web.sign_in.visits import Journey, expired_page, on_journey, page, reason

PATH: Final = "/login/factor"
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "totp": (marked("Authenticator app"), marked("The 6 digits that the app shows")),
    "recovery_code": (marked("Recovery code"), marked("One of the codes you kept when you set this up")),
    "passkey": (marked("Passkey"), marked("The fingerprint, face or screen lock of your device, or a security key")),
}


def factor_path(kind: str) -> str:
    """Return the page that asks for a factor."""
    return f"/login/{kind.replace('_', '-')}"


@on_journey
def show(journey: Journey) -> Response:
    """Ask which one."""
    return _page(journey)


@on_journey
def submit(journey: Journey) -> Response:
    """Lead to the page of the chosen one."""
    chosen = read_form(request).text("factor")
    if chosen in journey.situation().second_factors:
        return see_other(journey.path(factor_path(chosen)))
    return _page(journey, is_missing=True)


def _page(journey: Journey, *, is_missing: bool = False) -> Response:
    situation = journey.situation()
    if situation.step is not Step.SECOND_FACTOR:
        return expired_page(journey, situation.step)
    return page(
        journey,
        "sign_in/choose_factor.html",
        problems=[Problem(gettext(CHOOSE_FACTOR), "factor")] if is_missing else [],
        reason=reason(journey, situation),
        options=[
            {"value": kind, "label": gettext(_WORDS[kind][0]), "hint": gettext(_WORDS[kind][1])}
            for kind in situation.second_factors
        ],
    )
