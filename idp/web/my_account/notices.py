"""What was just done, told on the page that a change redirects to. The address says which message, never its words."""

from types import MappingProxyType
from typing import Final

from flask import request
from markupsafe import Markup
from werkzeug.wrappers import Response

from idp.enrolment.values import StepUpNeeded
from idp.web.shared import messages
from idp.web.shared.guards import to_sign_in
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import translate

PARAMETER: Final = "done"
_MESSAGES: Final = MappingProxyType(
    {
        "password": messages.PASSWORD_CHANGED,
        "app-added": messages.AUTHENTICATOR_ADDED,
        "app-removed": messages.AUTHENTICATOR_REMOVED,
        "codes": messages.CODES_KEPT,
        "passkey-added": messages.PASSKEY_ADDED,
        "passkey-removed": messages.PASSKEY_REMOVED,
        "others": messages.OTHERS_SIGNED_OUT,
    }
)


def done(path: str, name: str) -> Response:
    """Redirect to a page that will say what was done."""
    return see_other(f"{path}?{PARAMETER}={name}")


def notice() -> Markup | None:
    """Return what the address says was done."""
    message = _MESSAGES.get(request.args.get(PARAMETER, ""))
    return told(message) if message else None


def told(message: str, **values: str) -> Markup:
    """Return one of our own messages, which may hold markup, with its values escaped."""
    return Markup(translate(message)) % values  # noqa: S704 - the message is ours, % escapes what is filled in


def step_up(needed: StepUpNeeded) -> Response:
    """Send the person to sign in anew, and back to this page."""
    return to_sign_in(acr_needed=needed.acr, fresh_login=True)
