"""Understanding a logout request (OpenID Connect RP-Initiated Logout 1.0 §2 and §3).

A hint must be an ID token of ours, expired or not. The person is asked unless the hint belongs to the very session of
this browser. The browser is sent on only to a registered URI of a client that the hint, or the person, vouches for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import select

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.errors import ProtocolError
from idp.foundation.settings import Settings
from idp.keyring.service import Keyring
from idp.protocol.checks.redirect_uri import difference
from idp.protocol.refusals import Refusals
from idp.protocol.tokens.id_token import read_hint
from idp.registry.client import Client
from idp.registry.service import Registry
from idp.sessions.models import ClientSession
from idp.sessions.values import Session


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """What a client asked. ``must_ask`` unless its hint proves that it speaks for this browser's session; ``problem``
    tells its developer why the browser will not be sent back, if it was to be.
    """

    client: Client | None
    return_uri: str | None
    must_ask: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Hint:
    client_id: str
    sid: str


class LogoutRequests:
    """Reads logout requests."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        keyring: Keyring,
        clock: Clock,
        settings: Settings,
        refusals: Refusals,
    ) -> None:
        self._database = database
        self._registry = registry
        self._keyring = keyring
        self._clock = clock
        self._settings = settings
        self._refusals = refusals

    def read(self, parameters: Mapping[str, str], session: Session | None) -> LogoutRequest:
        """Return the request; one that contradicts itself is treated as if it had named no client."""
        text = parameters.get("id_token_hint")
        hint = self._hint(text) if text else None
        named = parameters.get("client_id")
        if text and hint is None:
            return LogoutRequest(None, None, must_ask=True, problem="The id_token_hint is not an ID token of ours.")
        if hint and named and named != hint.client_id:
            return LogoutRequest(None, None, must_ask=True, problem="The client_id is not that of the id_token_hint.")
        client_id = hint.client_id if hint else named
        client = self._registry.get(client_id) if client_id else None
        if client is not None and not client.is_active(self._clock.now()):
            # A suspended service may no longer be where it was when its address was registered.
            client = None
        is_trusted = hint is not None and (session is None or self._is_of(hint, session))
        return_uri = _return_uri(parameters, client)
        problem = "" if return_uri else _problem(parameters, client)
        if problem and client is not None:
            self._refusals.note(client.client_id, "/end_session", ProtocolError("invalid_request", problem))
        return LogoutRequest(client, return_uri, must_ask=not is_trusted, problem=problem)

    def _hint(self, token: str) -> _Hint | None:
        claims = read_hint(token, self._keyring, self._settings.issuer)
        return None if claims is None else _Hint(str(claims["aud"]), str(claims["sid"]))

    def _is_of(self, hint: _Hint, session: Session) -> bool:
        statement = select(ClientSession.op_session_id).where(
            ClientSession.sid == hint.sid, ClientSession.client_id == hint.client_id
        )
        with self._database.read() as connection:
            return connection.scalar(statement) == session.id


def _return_uri(parameters: Mapping[str, str], client: Client | None) -> str | None:
    """Return where to send the browser afterwards: exactly a registered URI, with the state (§3)."""
    uri = parameters.get("post_logout_redirect_uri")
    if client is None or uri is None or uri not in client.post_logout_redirect_uris:
        return None
    state = parameters.get("state")
    if state is None:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': state})}"


def _problem(parameters: Mapping[str, str], client: Client | None) -> str:
    """Say why an address that was sent is not returned to."""
    uri = parameters.get("post_logout_redirect_uri")
    if uri is None:
        return ""
    if client is None:
        return "Neither id_token_hint nor client_id names an active client, so that no post_logout_redirect_uri counts."
    return "The post_logout_redirect_uri is not registered for this client." + difference(
        uri, client.post_logout_redirect_uris
    )
