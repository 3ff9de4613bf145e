"""A live access token for calling an API in the person's name (RFC 6749 §6, OpenID Connect Core 1.0 §12).

Refresh tokens rotate, so one thread refreshes a sign-in while others wait for what it got. ``invalid_grant`` means that
the provider has ended the sign-in, and so it ends here; any other refusal is the site's own fault (a wrong secret, a
registration that has changed) and ends nobody's.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from rp_kit.errors import GrantRefused, ProviderUnreachable, TokenRefused
from rp_kit.sessions import SessionStore, SiteSession
from rp_kit.tokens import TokenClient, Tokens
from rp_kit.verification import Verifier

_log = logging.getLogger(__name__)
_AHEAD_SECONDS = 30
_LOCKS = 64


class AccessTokens:
    """Hands out the access token of a sign-in, refreshed when its time is nearly over."""

    def __init__(self, client: TokenClient, verifier: Verifier, store: SessionStore, now: Callable[[], float]) -> None:
        """Sign-ins live in the store."""
        self._client = client
        self._verifier = verifier
        self._store = store
        self._now = now
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def of(self, key: str, session: SiteSession) -> str | None:
        """Return a live access token; None when the sign-in is over or has none. Raises ProviderUnreachable."""
        if self._is_fresh(session):
            return session.access_token
        with self._locks[int(key[:8], 16) % _LOCKS]:
            current = self._store.load(key)
            if current is None or self._is_fresh(current):
                return current.access_token if current else None
            return self._refreshed(key, current)

    def _refreshed(self, key: str, session: SiteSession) -> str | None:
        if session.refresh_token is None:
            return None
        try:
            tokens = self._client.refresh(session.refresh_token)
            self._check_id_token(tokens, session)
        except (GrantRefused, TokenRefused) as refusal:
            if isinstance(refusal, GrantRefused) and refusal.error != "invalid_grant":
                _log.error("refresh refused to this site: %s", refusal)
                raise ProviderUnreachable(f"the token endpoint refuses this site: {refusal}") from refusal
            _log.warning("sign-in ended, refresh refused: %s", refusal)
            self._store.delete(key)
            return None
        renewed = replace(
            session,
            id_token=tokens.id_token or session.id_token,
            access_token=tokens.access_token,
            access_token_expires_at=int(self._now()) + tokens.expires_in,
            refresh_token=tokens.refresh_token or session.refresh_token,
        )
        return renewed.access_token if self._store.replace(key, renewed) else None

    def _check_id_token(self, tokens: Tokens, session: SiteSession) -> None:
        if tokens.id_token is not None:
            self._verifier.refreshed_id_token(
                tokens.id_token, access_token=tokens.access_token, sub=session.sub, sid=session.sid
            )

    def _is_fresh(self, session: SiteSession) -> bool:
        return self._now() + _AHEAD_SECONDS < session.access_token_expires_at
