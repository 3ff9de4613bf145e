"""The site's own sign-ins, kept on the server so that a back-channel logout ends them at once.

The browser holds a random cookie, the store its digest. The store also remembers spent logout tokens, and which
sign-ins were ended before they arrived: a callback that loses the race against a logout must not bring the person
back (Back-Channel Logout 1.0 §2.6).
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from rp_kit.verification import LogoutToken

ENDED_KEPT_SECONDS = 3600
"""How long an ended session is remembered against late callbacks: longer than any ID token lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSession:
    """One browser's sign-in at this site. Times are seconds since 1970."""

    sub: str
    sid: str | None
    claims: Mapping[str, Any] = field(repr=False)
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    access_token_expires_at: int
    refresh_token: str | None = field(repr=False)
    issued_at: int
    """``iat`` of the ID token that began it."""
    seen_at: int
    ends_at: int


class SessionStore(Protocol):
    """Where sign-ins are kept. ``key`` is the digest of the cookie. Every method is atomic and safe between threads."""

    def create(self, key: str, session: SiteSession) -> bool:
        """Keep a new sign-in; False when a logout already ended it. Also drops what is over."""

    def load(self, key: str) -> SiteSession | None:
        """Return the sign-in, None when there is none."""

    def touch(self, key: str, seen_at: int) -> None:
        """Note that the person is still there. Changes nothing else, so that it cannot undo a refresh beside it."""

    def replace(self, key: str, session: SiteSession) -> bool:
        """Change a sign-in that still exists; False when it was ended meanwhile."""

    def delete(self, key: str) -> None:
        """End one sign-in."""

    def end(self, logout: LogoutToken, remember_until: int) -> bool:
        """Spend the logout token and end what it names; False when it was spent before, and nothing is ended again."""


def is_named_by(session: SiteSession, logout: LogoutToken) -> bool:
    """Tell whether a logout token means this sign-in: its session if it names one, else all of the person."""
    if logout.sub is not None and session.sub != logout.sub:
        return False
    return logout.sid is None or session.sid == logout.sid


def was_ended_by(session: SiteSession, logout: LogoutToken) -> bool:
    """Tell whether an earlier logout ends this new sign-in: a sid never comes back, a person may, later."""
    return is_named_by(session, logout) and (logout.sid is not None or session.issued_at <= logout.issued_at)


class MemorySessions:
    """Sign-ins of a single process, lost when it ends."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._sessions: dict[str, SiteSession] = {}
        self._logouts: dict[str, tuple[LogoutToken, int]] = {}

    def create(self, key: str, session: SiteSession) -> bool:
        """As the protocol says."""
        with self._lock:
            self._purge(session.seen_at)
            if any(was_ended_by(session, logout) for logout, _ in self._logouts.values()):
                return False
            self._sessions[key] = session
            return True

    def load(self, key: str) -> SiteSession | None:
        """As the protocol says."""
        return self._sessions.get(key)

    def touch(self, key: str, seen_at: int) -> None:
        """As the protocol says."""
        with self._lock:
            if key in self._sessions:
                self._sessions[key] = replace(self._sessions[key], seen_at=seen_at)

    def replace(self, key: str, session: SiteSession) -> bool:
        """As the protocol says."""
        with self._lock:
            if key not in self._sessions:
                return False
            self._sessions[key] = session
            return True

    def delete(self, key: str) -> None:
        """As the protocol says."""
        with self._lock:
            self._sessions.pop(key, None)

    def end(self, logout: LogoutToken, remember_until: int) -> bool:
        """As the protocol says."""
        with self._lock:
            if logout.jti in self._logouts:
                return False
            self._logouts[logout.jti] = (logout, remember_until)
            self._sessions = {
                key: session for key, session in self._sessions.items() if not is_named_by(session, logout)
            }
            return True

    def _purge(self, now: int) -> None:
        self._sessions = {key: session for key, session in self._sessions.items() if session.ends_at > now}
        self._logouts = {jti: (logout, until) for jti, (logout, until) in self._logouts.items() if until > now}
