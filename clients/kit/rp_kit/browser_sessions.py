"""From a browser's cookie to its sign-in at this site, and how long that lasts without use and in all.

The cookie is 256 random bits and the store knows only its digest. Reading is done anew for every request.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping

from rp_kit.configuration import Configuration
from rp_kit.exchange import Cookie
from rp_kit.sessions import SessionStore, SiteSession

_SEEN_EVERY_SECONDS = 60


class BrowserSessions:
    """Finds, opens and closes the sign-in of a browser."""

    def __init__(self, configuration: Configuration, store: SessionStore, now: Callable[[], float]) -> None:
        """Sign-ins live in the store."""
        self._cookie_name = configuration.cookie_name("session")
        self._idle_seconds = configuration.session_idle_seconds
        self._store = store
        self._now = now

    def find(self, cookies: Mapping[str, str]) -> SiteSession | None:
        """Return the live sign-in of this browser."""
        if self._cookie_name not in cookies:
            return None
        key, now = self.key(cookies), int(self._now())
        session = self._store.load(key)
        if session is None:
            return None
        if now >= min(session.ends_at, session.seen_at + self._idle_seconds):
            self._store.delete(key)
            return None
        if now >= session.seen_at + _SEEN_EVERY_SECONDS:
            self._store.touch(key, now)
        return session

    def open(self, cookies: Mapping[str, str], session: SiteSession) -> Cookie | None:
        """Replace the browser's sign-in under a new cookie; None when a logout was faster than this sign-in."""
        self.close(cookies)
        cookie = Cookie(self._cookie_name, secrets.token_urlsafe(32))
        return cookie if self._store.create(_digest(cookie.value), session) else None

    def close(self, cookies: Mapping[str, str]) -> Cookie:
        """End the browser's sign-in and return the cookie that removes its own."""
        if self._cookie_name in cookies:
            self._store.delete(self.key(cookies))
        return Cookie(self._cookie_name, "")

    def key(self, cookies: Mapping[str, str]) -> str:
        """Return what the store knows this browser's sign-in by."""
        return _digest(cookies.get(self._cookie_name, ""))


def _digest(cookie_value: str) -> str:
    return hashlib.sha256(cookie_value.encode("utf-8", "surrogateescape")).hexdigest()
