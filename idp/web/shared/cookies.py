"""The cookies of the provider: their names, their attributes and who may read them (ASVS 3.3.1 to 3.3.4).

Over https every name begins with ``__Host-``, which no sibling site can set; over http, in development only, the
plain name is used. Values are random or a preference; what they stand for is decided elsewhere. The pre-session is
made by the first page that has a form, never before.
"""

import re
from typing import Final

from flask import Response, request

from idp.web.shared.state import NewCookie, page_state, shared

SESSION: Final = "session"
PRESESSION: Final = "presession"
DEVICE: Final = "device"
LANGUAGE: Final = "lang"
TEXT_SIZE: Final = "size"

PREFERENCE_LIFETIME_SECONDS: Final = 365 * 86_400

_RANDOM_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name(name: str, *, is_https: bool) -> str:
    """Return the name as the browser knows it."""
    return f"__Host-{name}" if is_https else name


def _own_name(name: str) -> str:
    return cookie_name(shared().surface.cookie(name), is_https=shared().settings.is_https)


def read_cookie(name: str) -> str | None:
    """Return what the browser sent; None if it sent nothing."""
    return request.cookies.get(_own_name(name))


def session_cookie() -> str | None:
    return read_cookie(SESSION)


def device_cookie() -> str | None:
    return read_cookie(DEVICE)


def presession_cookie() -> str | None:
    """Return this browser's pre-session, None if it has none or one we could not have made."""
    value = page_state().presession or read_cookie(PRESESSION)
    return value if value and _RANDOM_VALUE.fullmatch(value) else None


def ensure_presession() -> str:
    """Return this browser's pre-session, made now and set on the response if there is none."""
    return presession_cookie() or renew_presession()


def renew_presession() -> str:
    """Make a new pre-session and set it on the response."""
    value = shared().entropy.token(32)
    page_state().presession = value
    put_cookie(PRESESSION, value)
    return value


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
    secure = shared().settings.is_https
    for cookie in {cookie.name: cookie for cookie in cookies}.values():
        response.set_cookie(
            _own_name(cookie.name),
            cookie.value,
            max_age=cookie.lifetime_seconds,
            path="/",
            secure=secure,
            httponly=True,
            samesite="Lax",
        )
