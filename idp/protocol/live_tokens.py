"""Whether an access token of ours still counts (RFC 7662 §2.2, RFC 9700 §4.14.2; rule P5): its client, its grant, the
session unless it is an offline one, the account; one SELECT, none of it cached.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from idp.accounts.models import Account
from idp.foundation.clock import Clock
from idp.foundation.columns import Instant
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.prepared_statement import PreparedStatement
from idp.protocol.artefacts.liveness import account_is_live, session_is_live
from idp.protocol.artefacts.revoked_token import RevokedToken, RevokedTokens
from idp.protocol.tokens.access_token import AccessToken
from idp.registry.service import Registry
from idp.sessions.models import AuthorizationGrant, OPSession

_NOW: Any = bindparam("now", type_=Instant)
_LIVE_GRANT = PreparedStatement(
    select(AuthorizationGrant.account_id, AuthorizationGrant.op_session_id)
    .join(Account, Account.id == AuthorizationGrant.account_id)
    .join(OPSession, OPSession.id == AuthorizationGrant.op_session_id)
    .outerjoin(RevokedToken, RevokedToken.digest == bindparam("jti"))
    .where(
        AuthorizationGrant.reference == bindparam("reference"),
        AuthorizationGrant.ended_at.is_(None),
        RevokedToken.digest.is_(None),
        account_is_live(),
        session_is_live(_NOW),
    )
)


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """The person behind a live token, and the session it hangs on."""

    account_id: UUID
    session_id: UUID


class LiveTokens:
    """Looks tokens up."""

    def __init__(self, database: Database, clock: Clock, registry: Registry, *, environment: str) -> None:
        self._database = database
        self._clock = clock
        self._registry = registry
        self._environment = environment
        self._revoked = RevokedTokens(database)

    def is_live(self, token: AccessToken) -> bool:
        """Tell whether a token counts, be it a person's or a client's own."""
        if token.reference is not None:
            return self.grant_of(token) is not None
        return self._is_clients_fine(token) and not self._revoked.is_revoked(token.jti)

    def grant_of(self, token: AccessToken) -> LiveGrant | None:
        """Return the live grant of a person's token; None if it has ended, or if no person stands behind the token."""
        if token.reference is None or not self._is_clients_fine(token):
            return None
        values = {
            "reference": token.reference,
            "jti": sha256(token.jti),
            "environment": self._environment,
            "now": self._clock.now(),
        }
        with self._database.read() as connection:
            found = _LIVE_GRANT.rows(connection, values)
        return LiveGrant(*found[0]) if found else None

    def _is_clients_fine(self, token: AccessToken) -> bool:
        client = self._registry.get(token.client_id)
        if client is None or not client.is_active(self._clock.now()):
            return False
        return client.not_before is None or token.issued_at >= client.not_before
