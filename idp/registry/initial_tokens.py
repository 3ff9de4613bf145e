"""Initial access tokens (RFC 7591 §3, §1.2): staff say which agency may register clients, how many, and until when.

A token is 256 random bits, stored as its digest. A use is claimed by one conditional statement, in the transaction of
the registration: a refused registration costs none, and two that race for the last use do not both get it. A revoked
token registers nothing more, also where it was looked up a moment before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, select, update

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.errors import UserError
from idp.foundation.masked import Masked
from idp.foundation.translation import marked
from idp.registry.events import InitialTokenIssued, InitialTokenRevoked, InitialTokenState
from idp.registry.members import LEGACY, SLUG
from idp.registry.registration_models import InitialAccessToken

MOST_USES: Final = 100
LONGEST: Final = timedelta(days=30)
PROFILES: Final = {
    "standard": marked("As usual: with PKCE"),
    LEGACY: marked("For clients that cannot use PKCE; they end when the token does"),
}
_BAD_AGENCY: Final = marked("Write the agency in lower-case letters, digits, dots or hyphens.")
_BAD_PROFILE: Final = marked("Choose what the clients may be.")
_BAD_USES: Final = marked("Write a number of clients from 1 to 100.")
_BAD_LIFETIME: Final = marked("Write a number of days from 1 to 30.")
_MOST_CLOSED_LISTED: Final = 200


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


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A line of the list of tokens. ``state`` is active, used_up, revoked or expired."""

    id: UUID
    agency: str
    profile: str
    uses_left: int
    issued_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    state: str


class InitialTokens:
    """Issues, finds and spends initial access tokens."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._audit = audit

    def issue(
        self,
        agency: str,
        *,
        uses: int,
        lifetime: timedelta,
        actor: str,
        profile: str = "standard",
        reason: str | None = None,
    ) -> IssuedToken:
        """Make a token for an agency, whose clients will have this profile. Raises UserError that names its field."""
        _check(agency, profile, uses, lifetime)
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
                    actor=actor,
                    reason=reason,
                    agency=agency,
                    profile=profile,
                    uses=uses,
                    expires_at=issued.expires_at.isoformat(),
                    initial_token=str(issued.id),
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
        ).where(InitialAccessToken.digest == sha256(token), *_is_open(self._clock.now()))
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Permission(*row)

    def spend(self, permission: Permission) -> bool:
        """Use a token once, in the present transaction. False when somebody else had the last use, or it was revoked
        meanwhile.
        """
        now = self._clock.now()
        statement = (
            update(InitialAccessToken)
            .where(InitialAccessToken.id == permission.id, *_is_open(now))
            .values(uses_left=InitialAccessToken.uses_left - 1, last_used_at=now)
        )
        with self._database.transaction() as connection:
            return connection.execute(statement).rowcount == 1

    def list(self, *, agency: str | None = None) -> Sequence[TokenLine]:
        """Return every token that is open, then the latest of the others that are not purged yet; of one agency if it
        is given. However many somebody makes, none that still lets clients in is out of sight.
        """
        model, now = InitialAccessToken, self._clock.now()
        is_open = and_(*_is_open(now))
        statement = select(
            model.id,
            model.agency,
            model.profile,
            model.uses_left,
            model.issued_by,
            model.created_at,
            model.expires_at,
            model.last_used_at,
            model.revoked_at,
        ).order_by(model.id.desc())
        if agency is not None:
            statement = statement.where(model.agency == agency)
        with self._database.read() as connection:
            usable = connection.execute(statement.where(is_open)).all()
            others = connection.execute(statement.where(~is_open).limit(_MOST_CLOSED_LISTED)).all()
        rows = (*usable, *others)
        return [TokenLine(*row, _state(row.uses_left, row.expires_at, row.revoked_at, now)) for row in rows]

    def revoke(self, token_id: UUID, *, actor: str, reason: str) -> bool:
        """Let nobody register with a token any more; tells whether it was open and this call ended it."""
        now = self._clock.now()
        statement = (
            update(InitialAccessToken)
            .where(InitialAccessToken.id == token_id, *_is_open(now))
            .values(revoked_at=now)
            .returning(InitialAccessToken.agency, InitialAccessToken.uses_left)
        )
        with self._database.transaction() as connection:
            row = connection.execute(statement).one_or_none()
            if row is None:
                return False
            self._audit.record(
                InitialTokenRevoked(
                    actor=actor,
                    reason=reason,
                    before=InitialTokenState(uses_left=row.uses_left),
                    agency=row.agency,
                    initial_token=str(token_id),
                )
            )
        return True


def _check(agency: str, profile: str, uses: int, lifetime: timedelta) -> None:
    if not SLUG.match(agency):
        raise UserError(_BAD_AGENCY, field="agency")
    if profile not in PROFILES:
        raise UserError(_BAD_PROFILE, field="profile")
    if not 0 < uses <= MOST_USES:
        raise UserError(_BAD_USES, field="uses")
    if not timedelta(0) < lifetime <= LONGEST:
        raise UserError(_BAD_LIFETIME, field="days")


def _is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that clients may be registered with a token."""
    model = InitialAccessToken
    return model.uses_left > 0, model.expires_at > now, model.revoked_at.is_(None)


def _state(uses_left: int, expires_at: datetime, revoked_at: datetime | None, now: datetime) -> str:
    if revoked_at is not None:
        return "revoked"
    if expires_at <= now:
        return "expired"
    return "active" if uses_left else "used_up"
