"""Which banners a page of the sign-in shows: the first one all of them, so that people choose another method before
they begin; the page of a method those about it; every page those about signing in as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from idp.banners.values import ABOUT, SIGN_IN
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.services import services

_FIRST: Final = "sign_in/login.html"
_METHODS: Final[Mapping[str, Sequence[str]]] = {
    "sign_in/choose_factor.html": ("passkey", "totp", "recovery_code"),
    "sign_in/enrol_start.html": ("totp",),
    "sign_in/enrol_totp.html": ("totp",),
    "sign_in/passkey.html": ("passkey",),
    "sign_in/recovery_code.html": ("recovery_code",),
    "sign_in/renew_password.html": ("password",),
    "sign_in/totp.html": ("totp",),
}


@dataclass(frozen=True, slots=True)
class Announcement:
    """A banner as a page shows it: the method that it is about, if it is one, and the text in the page's language."""

    method: str
    text: str
    until: datetime


def announcements_on(template: str) -> list[Announcement]:
    """Return what a page announces."""
    locale = current_locale()
    return [
        Announcement("" if one.about == SIGN_IN else gettext(ABOUT[one.about]), one.text_in(locale), one.ends_at)
        for one in services().banners.showing(None if template == _FIRST else _METHODS.get(template, ()))
    ]
