"""Initial access tokens (RFC 7591 §3, §1.2): staff say which agency may register clients, how many, and until when.

A token is 256 random bits, stored as its digest. A use is claimed by one conditional statement, in the transaction of
the registration: a refused registration costs none, and two that race for the last use do not both get it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select, update

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.masked import Masked
from idp.registry.events import InitialTokenIssued
from idp.registry.registration_models import InitialAccessToken


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token, to be shown once."""

    id: UUID
    token: Masked
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Permission:
    """What a live token allows."""

    id: UUID
    agency: str
    profile: str
    expires_at: datetime


class InitialTokens:
    """Issues, finds and spends initial access tokens."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit

    def issue(
        self, agency: str, *, uses: int, lifetime: timedelta, actor: str, profile: str = "standard"
    ) -> IssuedToken:
        """Make a token for an agency, whose clients will have this profile."""
        now, token = self._clock.now(), Masked(self._entropy.token())
        issued = IssuedToken(self._entropy.uuid7(), token, now + lifetime)
        values = {
            "id": issued.id,
            "digest": sha256(token.reveal()),
            "agency": agency,
            "profile": profile,
            "uses_left": uses,
            "issued_by": actor,
            "created_at": now,
            "expires_at": issued.expires_at,
        }
        with self._database.transaction() as connection:
            connection.execute(insert(InitialAccessToken).values(**values))
            self._audit.record(
                InitialTokenIssued(
                    actor=actor, agency=agency, profile=profile, uses=uses, expires_at=issued.expires_at.isoformat()
                )
            )
        return issued

    def find(self, token: str) -> Permission | None:
        """Return what a token allows, None if it is not known, used up or expired."""
        statement = select(
            InitialAccessToken.id,
            InitialAccessToken.agency,
            InitialAccessToken.profile,
            InitialAccessToken.expires_at,
        ).where(
            InitialAccessToken.digest == sha256(token),
            InitialAccessToken.uses_left > 0,
            InitialAccessToken.expires_at > self._clock.now(),
        )
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Permission(*row)

    def spend(self, permission: Permission) -> bool:
        """Use a token once, in the present transaction. False when somebody else had the last use."""
        statement = (
            update(InitialAccessToken)
            .where(InitialAccessToken.id == permission.id, InitialAccessToken.uses_left > 0)
            .values(uses_left=InitialAccessToken.uses_left - 1)
        )
        with self._database.transaction() as connection:
            return connection.execute(statement).rowcount == 1
