"""Keeps request threads out of reach of sign-in (rule S5), and of bodies that never end.

Posted passwords and codes hold a thread for as long as hashing takes. When they would take more than their half, they
are told to come back, before anything is looked up; tokens and pages always find a thread. A body holds one until it
has come, and no server in front of WSGI gives up waiting: so few may be under way that the others go on. The rest take
turns.
"""

import threading
from collections.abc import Iterable
from io import BytesIO
from queue import Empty, SimpleQueue
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from idp.web.shared.forms import LARGEST_BODY

_SIGN_IN: Final = ("/login", "/sign-up", "/recover")
_RETRY_SECONDS: Final = 2
_PATIENCE_SECONDS: Final = 0.05
_MOMENT_SECONDS: Final = 0.02
# Static on purpose: a node that has no thread to spare renders nothing.
_PAGE: Final = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2"><title>请稍候</title></head>
<body><main><h1>请稍候</h1><p>现在登录的人较多，请稍后刷新本页重试。</p>
<p lang="en">Many people are signing in right now. Please try again in a moment.</p></main></body></html>
""".encode()


class SignInAdmission:
    """A WSGI layer that admits at most ``places`` posts to sign-in at once."""

    def __init__(self, application: WSGIApplication, places: int) -> None:
        self._application = application
        self._places = threading.BoundedSemaphore(places)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_sign_in(environ):
            return self._application(environ, start_response)
        if not self._places.acquire(blocking=False):
            return _busy(start_response)
        try:
            return self._application(environ, start_response)
        finally:
            self._places.release()


class Turns:
    """A WSGI layer in which at most ``places`` requests work at once, sign-ins beside them, as long as that costs
    nobody more than a moment.

    The interpreter works for one request at a time. More that have begun only take its time in smaller pieces, each
    with a process of the database that has gone cold meanwhile. When those that work wait for something slow, others
    begin beside them: nobody is ever refused here.
    """

    def __init__(self, application: WSGIApplication, places: int, *, moment_seconds: float = _MOMENT_SECONDS) -> None:
        self._application = application
        self._moment_seconds = moment_seconds
        self._places = SimpleQueue[None]()
        for _ in range(places):
            self._places.put(None)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _is_sign_in(environ):
            return self._application(environ, start_response)
        try:
            self._places.get(timeout=self._moment_seconds)
        except Empty:
            return self._application(environ, start_response)
        try:
            return self._application(environ, start_response)
        finally:
            self._places.put(None)


class BodyAdmission:
    """A WSGI layer that reads bodies, all but ``spare`` threads' at once, and half of the threads' of one peer.

    One that is there already takes no time: who finds no place because many came in the same moment gets one in a
    moment, and only what waits for slow ones is told to come back. One that is too long is left to the
    application, which refuses it unread.
    """

    def __init__(
        self, application: WSGIApplication, threads: int, *, spare: int = 1, patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        self._application = application
        self._patience_seconds = patience_seconds
        self._most, self._most_of_one = threads - spare, threads // 2
        self._changed = threading.Condition(threading.Lock())
        self._total = 0
        self._by_peer: dict[str, int] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = _length_of(environ)
        if not length:
            return self._application(environ, start_response)
        peer = environ.get("REMOTE_ADDR", "")
        if not self._enter(peer):
            return _busy(start_response)
        try:
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
        finally:
            self._leave(peer)
        return self._application(environ, start_response)

    def _enter(self, peer: str) -> bool:
        with self._changed:
            return self._take(peer) or self._changed.wait_for(lambda: self._take(peer), self._patience_seconds)

    def _take(self, peer: str) -> bool:
        of_peer = self._by_peer.get(peer, 0)
        if self._total >= self._most or of_peer >= self._most_of_one:
            return False
        self._total += 1
        self._by_peer[peer] = of_peer + 1
        return True

    def _leave(self, peer: str) -> None:
        with self._changed:
            self._total -= 1
            left = self._by_peer.pop(peer) - 1
            if left:
                self._by_peer[peer] = left
            # All, because the next in turn may be of a peer that has its half.
            self._changed.notify_all()


def _is_sign_in(environ: WSGIEnvironment) -> bool:
    path: str = environ.get("PATH_INFO", "")
    return environ["REQUEST_METHOD"] == "POST" and path.startswith(_SIGN_IN)


def _length_of(environ: WSGIEnvironment) -> int:
    """Return how much of a body to read: none of one that is too long, one byte too much of one that may be."""
    encoding = environ.get("HTTP_TRANSFER_ENCODING")
    if encoding and "chunked" in encoding.lower():
        return LARGEST_BODY + 1
    digits = environ.get("CONTENT_LENGTH", "").lstrip("0")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST_BODY))
    return int(digits) if is_number and int(digits) <= LARGEST_BODY else 0


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
