"""Keeps at least half of the request threads out of reach of sign-in (rule S5).

Posted passwords and codes hold a thread for as long as hashing takes. When they would take more than their half, they
are told to come back, before anything is read or looked up; tokens and pages always find a thread.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_SIGN_IN: Final = ("/login", "/sign-up", "/recover")
_RETRY_SECONDS: Final = 2
# Static on purpose: a node that has no thread to spare renders nothing (pages, no 14).
_PAGE: Final = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2"><title>请稍候</title></head>
<body><main><h1>请稍候</h1><p>现在登录的人较多，请稍后刷新本页重试。</p>
<p lang="en">Many people are signing in right now. Please try again in a moment.</p></main></body></html>
""".encode()


class SignInAdmission:
    """A WSGI layer that admits at most ``places`` posts to sign-in at once."""

    def __init__(self, application: Application, places: int) -> None:
        self._application = application
        self._places = threading.BoundedSemaphore(places)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or not environ.get("PATH_INFO", "").startswith(_SIGN_IN):
            return self._application(environ, start_response)
        if not self._places.acquire(blocking=False):
            return _busy(start_response)
        try:
            return self._application(environ, start_response)
        finally:
            self._places.release()


def _busy(start_response: StartResponse) -> list[bytes]:
    start_response(
        "503 Service Unavailable",
        [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(_PAGE))),
            ("Retry-After", str(_RETRY_SECONDS)),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )
    return [_PAGE]
