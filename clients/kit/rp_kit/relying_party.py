"""One department site as a relying party: the parts put together, and the four addresses it answers at.

Framework adapters call this and nothing else. Whether somebody is signed in is read from the session store at every
request, so a back-channel logout is seen by the very next one.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from rp_kit import languages
from rp_kit.assurance import ANY_SIGN_IN, Requirement
from rp_kit.browser_sessions import BrowserSessions
from rp_kit.configuration import Configuration
from rp_kit.discovery import Discovery
from rp_kit.errors import GrantRefused, KitError, LoginRefused, ProviderUnreachable, TokenRefused
from rp_kit.exchange import Cookie, Reply, Visit, quoted_target, redirect
from rp_kit.jwks import KeySet
from rp_kit.login import Login
from rp_kit.logout import Logout
from rp_kit.outbound import Outbound
from rp_kit.pages import confirm_sign_out_page, notice_page
from rp_kit.pending import PendingLogins
from rp_kit.person import Person
from rp_kit.refresh import AccessTokens
from rp_kit.sessions import MemorySessions, SessionStore
from rp_kit.sqlite_sessions import SQLiteSessions
from rp_kit.tokens import TokenClient
from rp_kit.verification import Verifier

_log = logging.getLogger(__name__)
_LOCAL_TARGET = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,300}")

ADDRESSES: Mapping[str, tuple[str, ...]] = {
    "/login": ("GET",),
    "/callback": ("GET",),
    "/logout": ("GET", "POST"),
    "/backchannel-logout": ("POST",),
}
"""What the kit answers at, and with which methods."""


class RelyingParty:
    """Signs people in to one site and out again."""

    def __init__(
        self, configuration: Configuration, store: SessionStore | None = None, now: Callable[[], float] = time.time
    ) -> None:
        """Put the parts together; nothing is asked of the provider before the first visitor needs it."""
        self.configuration = configuration
        self._now = now
        self._language_cookie = configuration.cookie_name("language")
        outbound = Outbound(configuration.http_timeout_seconds, configuration.ca_file)
        discovery = Discovery(configuration, outbound, now)
        self.verifier = Verifier(configuration, KeySet(discovery, outbound, now).find, now)
        store = store or _store(configuration)
        client = TokenClient(configuration, discovery, outbound, now)
        self._pending = PendingLogins(configuration, now)
        self._browsers = BrowserSessions(configuration, store, now)
        self._access_tokens = AccessTokens(client, self.verifier, store, now)
        self._login = Login(configuration, discovery, client, self.verifier, self._pending, now)
        self._logout = Logout(configuration, discovery, self.verifier, store)
        self._answers: Mapping[str, Callable[[Visit], Reply]] = {
            "/login": self._answer_login,
            "/callback": self._answer_callback,
            "/logout": self._answer_logout,
            "/backchannel-logout": self._logout.receive,
        }

    def answer(self, address: str, visit: Visit) -> Reply:
        """Answer a request to one of ADDRESSES."""
        return self._answers[address](visit)

    def person(self, cookies: Mapping[str, str]) -> Person | None:
        """Return who is signed in in this browser, now."""
        session = self._browsers.find(cookies)
        return Person(session.sub, session.claims) if session else None

    def require(self, visit: Visit, requirement: Requirement = ANY_SIGN_IN) -> Reply | None:
        """Return None when the person is signed in well enough, else what to answer: the way to the provider."""
        person = self.person(visit.cookies)
        if person is not None and requirement.is_met(person.acr, person.auth_time, self._now()):
            return None
        if visit.method not in {"GET", "HEAD"}:
            # What was posted would be lost on the way through the provider; the person must know.
            return self._notice(visit, KitError("a form was posted without the sign-in it needs"), "sign_in_needed")
        return self._start(visit, local_target(visit.target), requirement)

    def language(self, visit: Visit) -> str:
        """Return the language to answer in: ``zh-Hans`` or ``en``."""
        return languages.language(visit, self._language_cookie)

    def remembered_language(self, visit: Visit) -> Cookie | None:
        """Return the cookie that keeps the language chosen in this address, None when none was."""
        return languages.remembered(visit, self._language_cookie)

    def access_token(self, cookies: Mapping[str, str]) -> str | None:
        """Return a live access token of the person, None when nobody is signed in. Raises ProviderUnreachable."""
        session = self._browsers.find(cookies)
        return self._access_tokens.of(self._browsers.key(cookies), session) if session else None

    def _answer_login(self, visit: Visit) -> Reply:
        return self._start(visit, local_target(visit.parameter("next") or "/"), ANY_SIGN_IN)

    def _start(self, visit: Visit, return_to: str, requirement: Requirement) -> Reply:
        try:
            return self._login.start(visit, return_to, requirement)
        except ProviderUnreachable as failure:
            return self._notice(visit, failure)

    def _answer_callback(self, visit: Visit) -> Reply:
        state = visit.parameter("state") or ""
        forget = (self._pending.forget(state),) if self._pending.find(state, visit.cookies) else ()
        try:
            session, pending = self._login.finish(visit)
            cookie = self._browsers.open(visit.cookies, session)
            if cookie is None:
                raise LoginRefused("ended_meanwhile", return_to=pending.return_to)
        except KitError as refusal:
            if _code(refusal) == "unknown_state" and self.person(visit.cookies):
                return redirect("/")  # The person went back or reloaded after signing in.
            return replace(self._notice(visit, refusal), cookies=forget)
        _log.info("signed in with %s", session.claims.get("acr"))
        return redirect(pending.return_to, (cookie, *forget))

    def _answer_logout(self, visit: Visit) -> Reply:
        if visit.method != "POST":
            return confirm_sign_out_page(self.language(visit))
        if not self._is_same_origin(visit):
            return self._notice(visit, KitError("sign-out posted from another origin"), "other_site")
        session = self._browsers.find(visit.cookies)
        forget = (self._browsers.close(visit.cookies),)
        if session is None:
            return redirect("/", forget)
        _log.info("signed out by the person")
        try:
            return redirect(self._logout.address(session), forget)
        except ProviderUnreachable as failure:
            return replace(self._notice(visit, failure, "signed_out_here_only"), cookies=forget)

    def _is_same_origin(self, visit: Visit) -> bool:
        """Neighbouring departments share the registrable domain, so SameSite alone does not keep them out."""
        if site := visit.headers.get("sec-fetch-site"):
            return site == "same-origin"
        return visit.headers.get("origin") in {None, self.configuration.origin}

    def _notice(self, visit: Visit, reason: KitError, code: str | None = None) -> Reply:
        reference = secrets.token_hex(4)
        _log.warning("sign-in notice %s: %s: %s", reference, type(reason).__name__, reason)
        return_to = reason.return_to if isinstance(reason, LoginRefused) else "/"
        return notice_page(code or _code(reason), self.language(visit), reference=reference, return_to=return_to)


def local_target(target: str) -> str:
    """Return a path of this site to go to after signing in; anything else, the kit's own too, becomes the home page."""
    quoted = quoted_target(target)
    if not _LOCAL_TARGET.fullmatch(quoted) or urlsplit(quoted).path in ADDRESSES:
        return "/"
    return quoted


def _store(configuration: Configuration) -> SessionStore:
    return SQLiteSessions(configuration.session_file) if configuration.session_file else MemorySessions()


def _code(reason: KitError) -> str:
    if isinstance(reason, LoginRefused):
        return reason.code
    if isinstance(reason, GrantRefused):
        return reason.error
    return "token_refused" if isinstance(reason, TokenRefused) else "provider_unreachable"
