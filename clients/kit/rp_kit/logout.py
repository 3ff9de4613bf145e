"""Signing out, from both sides: the site sends the person to the provider (RP-Initiated Logout 1.0 §2), and the
provider tells the site that a session is over (Back-Channel Logout 1.0 §2.5 to §2.8).

A logout token is spent once; spending it and ending the sign-ins is one step, so that a failure leaves both undone
and the provider may try again.
"""

import json
import logging
from urllib.parse import parse_qsl, urlencode, urlsplit

from rp_kit.configuration import Configuration
from rp_kit.discovery import Discovery
from rp_kit.errors import ProviderUnreachable, TokenRefused
from rp_kit.exchange import Reply, Visit
from rp_kit.sessions import ENDED_KEPT_SECONDS, SessionStore, SiteSession
from rp_kit.verification import Verifier

_log = logging.getLogger(__name__)
_FORM = "application/x-www-form-urlencoded"


class Logout:
    """Ends sign-ins of one site."""

    def __init__(
        self, configuration: Configuration, discovery: Discovery, verifier: Verifier, sessions: SessionStore
    ) -> None:
        """Nothing is asked of the provider yet."""
        self._configuration = configuration
        self._discovery = discovery
        self._verifier = verifier
        self._sessions = sessions

    def address(self, session: SiteSession) -> str:
        """Return where the person goes to be signed out by the provider too. Raises ProviderUnreachable."""
        endpoint = self._discovery.metadata().end_session_endpoint
        request = {
            "id_token_hint": session.id_token,
            "client_id": self._configuration.client_id,
            "post_logout_redirect_uri": self._configuration.post_logout_redirect_uri,
        }
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(request)}"

    def receive(self, visit: Visit) -> Reply:
        """Answer the provider: 200 when the sign-ins are ended, 400 when the token is not believed (§2.8)."""
        try:
            logout = self._verifier.logout_token(_posted_token(visit))
        except TokenRefused as refusal:
            return _refused(str(refusal))
        except ProviderUnreachable as failure:
            # The token may be good: 503 invites the provider to send another one later.
            _log.warning("back-channel logout not checked: %s", failure)
            return Reply(503, headers={"Retry-After": "5"})
        remember_until = (
            max(logout.expires_at, logout.issued_at + ENDED_KEPT_SECONDS) + self._configuration.clock_skew_seconds
        )
        if not self._sessions.end(logout, remember_until):
            return _refused("jti was spent before")
        _log.info("back-channel logout done: %s", "one session" if logout.sid else "all sessions of a person")
        return Reply(200)


def _posted_token(visit: Visit) -> str:
    content_type = (visit.headers.get("content-type") or "").partition(";")[0].strip().lower()
    body = visit.body()
    if content_type != _FORM or body is None:
        raise TokenRefused("not a form of reasonable size")
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise TokenRefused("not a urlencoded form") from None
    tokens = [value for name, value in fields if name == "logout_token"]
    if len(tokens) != 1:
        raise TokenRefused("logout_token must be there once")
    return tokens[0]


def _refused(reason: str) -> Reply:
    _log.warning("back-channel logout refused: %s", reason)
    body = json.dumps({"error": "invalid_request", "error_description": reason})
    return Reply(400, body, content_type="application/json")
