"""Signing in with a passkey: in place of name and password, or as the second factor.

What the browser is asked names no account and no key, and every refusal looks the same (rule S4).
"""

from typing import Final

from flask import request
from werkzeug.wrappers import Response

from idp.factors.passkey.values import PasskeyRefused
from idp.foundation.translation import marked
from idp.sign_in.journey import Step
from idp.web.shared.forms import LONGEST_CREDENTIAL, read_form
from idp.web.shared.locale import gettext
from idp.web.shared.messages import NO_PASSKEY_SENT, PASSKEY_REFUSED, PASSKEY_TOO_LATE
from idp.web.shared.pages import Problem
from idp.web.shared.services import services
from idp.web.sign_in.visits import Journey, expired_page, go_on, on_journey, page, reason

PATH: Final = "/login/passkey"
_OTHER_WAYS: Final = {
    "totp": ("/login/totp", marked("Use the authenticator code")),
    "recovery_code": ("/login/recovery-code", marked("Use a recovery code")),
}
_PASSWORD_WAY: Final = ("/login", marked("Use name and password"))


@on_journey
def show(journey: Journey) -> Response:
    """Ask for a passkey."""
    return _page(journey)


@on_journey
def submit(journey: Journey) -> Response:
    """Take what the browser answered."""
    return take(journey)


def take(journey: Journey) -> Response:
    """Take what the browser answered, here or on the first page."""
    response = read_form(request).text("credential", LONGEST_CREDENTIAL)
    if not response:
        return _page(journey, NO_PASSKEY_SENT)
    outcome = services().sign_in.submit_passkey(journey.visit, journey.interaction, response)
    if isinstance(outcome, PasskeyRefused):
        return _page(journey, PASSKEY_TOO_LATE if outcome.reason == "expired" else PASSKEY_REFUSED)
    return go_on(journey, outcome)


def _page(journey: Journey, message: str | None = None) -> Response:
    situation = journey.situation()
    if situation.step not in {Step.PASSWORD, Step.SECOND_FACTOR}:
        return expired_page(journey, situation.step)
    is_second = situation.step is Step.SECOND_FACTOR
    ways = [_OTHER_WAYS[kind] for kind in situation.second_factors if kind in _OTHER_WAYS] if is_second else []
    return page(
        journey,
        "sign_in/passkey.html",
        problems=[Problem(gettext(message))] if message else [],
        reason=reason(journey, situation),
        step=2 if is_second and not situation.is_step_up else None,
        steps=2,
        options=services().sign_in.ask_passkey(journey.visit),
        other_ways=[{"href": journey.path(path), "title": gettext(title)} for path, title in ways or [_PASSWORD_WAY]],
    )
