"""Access tokens revoked one by one (RFC 7009 §2.1; rule P5): their ids are remembered until they would have expired."""

from datetime import datetime

from sqlalchemy import Index, bindparam, select
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Digest, Instant, plain
from idp.foundation.database import Base, Database
from idp.foundation.digests import sha256


class RevokedToken(Base):
    """The id of a revoked access token, as a digest."""

    __tablename__ = "revoked_token"
    __table_args__ = (Index("ix_revoked_token_expiry", "expires_at"),)

    digest: Mapped[bytes] = plain(Digest, primary_key=True)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)


_IS_REVOKED = select(RevokedToken.expires_at).where(RevokedToken.digest == bindparam("digest"))


class RevokedTokens:
    """The denylist of access tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def revoke(self, jti: str, expires_at: datetime) -> None:
        """Refuse a token from now on."""
        self._database.insert_if_new(RevokedToken, {"digest": sha256(jti), "expires_at": expires_at})

    def is_revoked(self, jti: str) -> bool:
        """Tell whether a token was revoked by itself."""
        with self._database.read() as connection:
            return connection.scalar(_IS_REVOKED, {"digest": sha256(jti)}) is not None
