"""The cookies of the provider: their names, their attributes and who may read them (ASVS 3.3.1 to 3.3.4).

Over https every name begins with ``__Host-``; over http, in development only, it does not. Values are random or a
preference; what they stand for is decided elsewhere. The pre-session is made by the first page that has a form, or on
the way to it, never before.
"""

import re
from typing import Final

from flask import Response
from werkzeug.http import dump_cookie

from idp.foundation.entropy import Entropy
from idp.web.shared.state import NewCookie, page_state, present_request, shared
from idp.web.shared.surfaces import Surface

SESSION: Final = "session"
PRESESSION: Final = "presession"
DEVICE: Final = "device"
LANGUAGE: Final = "lang"
TEXT_SIZE: Final = "size"

PREFERENCE_LIFETIME_SECONDS: Final = 365 * 86_400

_RANDOM_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


def read_cookie(name: str) -> str | None:
    """Return what the browser sent; None if it sent nothing."""
    return present_request().cookies.get(shared().surface.cookie(name))


def session_cookie() -> str | None:
    return read_cookie(SESSION)


def device_cookie() -> str | None:
    return read_cookie(DEVICE)


def presession_cookie() -> str | None:
    """Return this browser's pre-session, None if it has none or one we could not have made."""
    return page_state().presession or own_presession(read_cookie(PRESESSION))


def own_presession(value: str | None) -> str | None:
    """Return what a browser sent as its pre-session; None for what we could not have made."""
    return value if value and _RANDOM_VALUE.fullmatch(value) else None


def ensure_presession() -> str:
    """Return this browser's pre-session, made now and set on the response if there is none."""
    return presession_cookie() or renew_presession()


def renew_presession() -> str:
    """Make a new pre-session and set it on the response."""
    value = new_presession(shared().entropy)
    page_state().presession = value
    put_cookie(PRESESSION, value)
    return value


def new_presession(entropy: Entropy) -> str:
    """Return the value of a pre-session that nobody has yet."""
    return entropy.token(32)


def put_cookie(name: str, value: str, lifetime_seconds: int | None = None) -> None:
    """Set a cookie on the response of this request, whatever that response becomes; zero seconds removes it."""
    page_state().new_cookies.append(NewCookie(name, value, lifetime_seconds))


def put_session(value: str) -> None:
    """Hand the browser its session; it ends with the browser or on the server, whichever is first."""
    put_cookie(SESSION, value)


def forget_session() -> None:
    put_cookie(SESSION, "", 0)


def forget_presession() -> None:
    put_cookie(PRESESSION, "", 0)


def put_device(value: str, lifetime_seconds: int) -> None:
    put_cookie(DEVICE, value, lifetime_seconds)


def write_cookies(response: Response, cookies: list[NewCookie]) -> None:
    """Write the cookies asked for during this request; the last word on each name counts."""
    surface, secure = shared().surface, shared().settings.is_https
    for cookie in {cookie.name: cookie for cookie in cookies}.values():
        response.headers.add(*set_cookie(surface, cookie, secure=secure))


def set_cookie(surface: Surface, cookie: NewCookie, *, secure: bool) -> tuple[str, str]:
    """Return the header that sets a cookie of a surface."""
    text = dump_cookie(
        surface.cookie(cookie.name),
        cookie.value,
        max_age=cookie.lifetime_seconds,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return "Set-Cookie", text
