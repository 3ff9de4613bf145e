"""What was just done, told once on the page that a change redirects to.

Which message it is stands in a cookie: were it in the address, a link could have our own page say to anybody that their
password was changed, or that all other devices are signed out.
"""

from types import MappingProxyType
from typing import Final

from markupsafe import Markup
from werkzeug.wrappers import Response

from idp.enrolment.values import StepUpNeeded
from idp.web.shared import cookies, messages
from idp.web.shared.guards import to_sign_in
from idp.web.shared.journeys import see_other
from idp.web.shared.locale import translate

COOKIE: Final = "done"
_LIFETIME_SECONDS: Final = 60
_MESSAGES: Final = MappingProxyType(
    {
        "password": messages.PASSWORD_CHANGED,
        "app-added": messages.AUTHENTICATOR_ADDED,
        "app-removed": messages.AUTHENTICATOR_REMOVED,
        "codes": messages.CODES_KEPT,
        "passkey-added": messages.PASSKEY_ADDED,
        "passkey-removed": messages.PASSKEY_REMOVED,
        "others": messages.OTHERS_SIGNED_OUT,
        "forgotten": messages.BROWSERS_FORGOTTEN,
    }
)


def done(path: str, name: str) -> Response:
    """Redirect to a page that will say what was done."""
    cookies.put_cookie(COOKIE, name, _LIFETIME_SECONDS)
    return see_other(path)


def notice() -> Markup | None:
    """Return what was done just now, and forget it."""
    name = cookies.read_cookie(COOKIE)
    if name is None:
        return None
    cookies.put_cookie(COOKIE, "", 0)
    message = _MESSAGES.get(name)
    return told(message) if message else None


def told(message: str, **values: str) -> Markup:
    """Return one of our own messages, which may hold markup, with its values escaped."""
    return Markup(translate(message)) % values  # noqa: S704 - the message is ours, % escapes what is filled in


def step_up(needed: StepUpNeeded) -> Response:
    """Send the person to sign in anew, and back to this page."""
    return to_sign_in(acr_needed=needed.acr, fresh_login=True)
