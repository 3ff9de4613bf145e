"""Authorization codes (RFC 6749 §4.1.2 and §10.5, RFC 9700 §4.5): 256 random bits stored as a digest, redeemed once.

Redemption is one conditional UPDATE that also requires live grant, session and account, and what follows from it is
stored with it. The row stays until it has expired, so that a replay is recognised and ends what the first use gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, bindparam, insert, select, update
from sqlalchemy.orm import Mapped

from idp.foundation.clock import Clock
from idp.foundation.columns import Digest, Instant, JSONText, UUIDType, plain, secret
from idp.foundation.conditional_write import ConditionalWrite, Rows
from idp.foundation.database import Base, Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.prepared_statement import PreparedStatement
from idp.protocol.artefacts.liveness import grant_is_live


class AuthorizationCodeRow(Base):
    """An issued code. What its tokens will say is copied here, so that redemption reads no other row."""

    __tablename__ = "authorization_code"
    __table_args__ = (Index("ix_authorization_code_expiry", "expires_at"),)

    digest: Mapped[bytes] = secret(Digest, primary_key=True)
    grant_id: Mapped[UUID] = plain(UUIDType, ForeignKey("authorization_grant.id"), nullable=False)
    account_id: Mapped[UUID] = plain(UUIDType, nullable=False)
    client_id: Mapped[str] = plain(String(255), nullable=False)
    session_id: Mapped[UUID] = plain(UUIDType, nullable=False)
    reference: Mapped[str] = plain(String(22), nullable=False)
    sid: Mapped[str] = plain(String(43), nullable=False)
    sub: Mapped[str] = plain(String(43), nullable=False)
    redirect_uri: Mapped[str] = plain(Text, nullable=False)
    scope: Mapped[str] = plain(Text, nullable=False)
    claims: Mapped[dict[str, list[str]]] = plain(JSONText, nullable=False)
    nonce: Mapped[str | None] = plain(Text)
    code_challenge: Mapped[str | None] = plain(String(43))
    dpop_jkt: Mapped[str | None] = plain(String(43))
    auth_time: Mapped[datetime] = plain(Instant, nullable=False)
    acr: Mapped[str] = plain(String(40), nullable=False)
    amr: Mapped[list[str]] = plain(JSONText, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    redeemed_at: Mapped[datetime | None] = plain(Instant)
    resources: Mapped[str | None] = plain(Text)
    authorization_details: Mapped[list[dict[str, Any]] | None] = plain(JSONText)


@dataclass(frozen=True, slots=True)
class CodeContent:
    """What a code stands for."""

    grant_id: UUID
    account_id: UUID
    client_id: str
    session_id: UUID
    reference: str
    sid: str
    sub: str
    redirect_uri: str
    scope: str
    claims: Mapping[str, Sequence[str]]
    nonce: str | None = field(repr=False)
    code_challenge: str | None
    auth_time: datetime
    acr: str
    amr: Sequence[str]
    dpop_jkt: str | None = None
    resources: str | None = None
    authorization_details: Sequence[dict[str, Any]] | None = None

    # Authlib asks a redeemed code for these two (RFC 6749 §4.1.3, RFC 7636 §4.6).
    code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        return self.redirect_uri


_CONTENT = tuple(getattr(AuthorizationCodeRow, member.name) for member in fields(CodeContent))
_INSERT = PreparedStatement(insert(AuthorizationCodeRow))
_NOW: Any = bindparam("now", type_=Instant)
_IS_REDEEMABLE = (
    (AuthorizationCodeRow.digest == bindparam("code"))
    & (AuthorizationCodeRow.client_id == bindparam("client"))
    & AuthorizationCodeRow.redeemed_at.is_(None)
    & (AuthorizationCodeRow.expires_at > _NOW)
)
_REDEEMABLE = PreparedStatement(select(*_CONTENT).where(_IS_REDEEMABLE))
_CLAIM = (
    update(AuthorizationCodeRow)
    .where(_IS_REDEEMABLE, grant_is_live(AuthorizationCodeRow.grant_id, _NOW, even_offline=True))
    .values(redeemed_at=_NOW)
)


@dataclass(frozen=True, slots=True)
class SpentCode:
    """A code that was presented again: who had it, and what it gave."""

    grant_id: UUID
    account_id: UUID
    client_id: str


class AuthorizationCodes:
    """Issues and redeems codes."""

    def __init__(
        self, database: Database, clock: Clock, entropy: Entropy, *, environment: str, lifetime_seconds: int
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._environment = environment
        self._lifetime = timedelta(seconds=lifetime_seconds)
        self._claim = ConditionalWrite(database, _CLAIM)

    def issue(self, content: CodeContent, *, is_in_transaction: bool, longest: timedelta | None = None) -> str:
        """Store a code and return it, good for ``longest`` at most. A code lost in a crash costs a retry, so outside a
        transaction nobody waits for the disk.
        """
        code, row = self.new(content, longest=longest)
        with self._database.transaction() if is_in_transaction else self._database.lossy() as connection:
            _INSERT.rows(connection, row)
        return code

    def new(self, content: CodeContent, *, longest: timedelta | None = None) -> tuple[str, dict[str, Any]]:
        """Return a code and its row, for the statement on which it follows."""
        code = self._entropy.token()
        row = {member.name: getattr(content, member.name) for member in fields(content)}
        lifetime = self._lifetime if longest is None else min(self._lifetime, longest)
        return code, row | {"digest": sha256(code), "expires_at": self._clock.now() + lifetime}

    def redeemable(self, code: str, client_id: str) -> CodeContent | None:
        """Return what a code stands for. None: unknown, another client's, expired or used."""
        with self._database.read() as connection:
            found = _REDEEMABLE.rows(connection, self._presented(code, client_id))
        return CodeContent(*found[0]) if found else None

    def claim(self, code: str, client_id: str, rows: Rows) -> bool:
        """Redeem a code and store the rows that follow from it; False, and nothing is stored, if somebody was quicker
        or what it hangs on has ended.
        """
        values = self._presented(code, client_id) | {"environment": self._environment}
        return self._claim.run(values, rows)

    def _presented(self, code: str, client_id: str) -> dict[str, Any]:
        return {"code": sha256(code), "client": client_id, "now": self._clock.now()}

    def spent(self, code: str) -> SpentCode | None:
        """Return what a code gave that has been redeemed before, None if it was never redeemed."""
        statement = select(
            AuthorizationCodeRow.grant_id, AuthorizationCodeRow.account_id, AuthorizationCodeRow.client_id
        ).where(AuthorizationCodeRow.digest == sha256(code), AuthorizationCodeRow.redeemed_at.is_not(None))
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else SpentCode(*row)
