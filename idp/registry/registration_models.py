"""Tables of dynamic registration: who may register a client (RFC 7591 §3), and who may manage one (RFC 7592 §3)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Digest, Instant, UUIDType, plain, secret
from idp.foundation.database import Base


class InitialAccessToken(Base):
    """A permission that staff gave to register clients of one agency, a counted number of times."""

    __tablename__ = "initial_access_token"
    __table_args__ = (Index("ix_initial_access_token_expiry", "expires_at"),)

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    digest: Mapped[bytes] = secret(Digest, nullable=False, unique=True)
    agency: Mapped[str] = plain(String(80), nullable=False)
    profile: Mapped[str] = plain(String(20), nullable=False, server_default="standard")
    uses_left: Mapped[int] = plain(Integer, nullable=False)
    issued_by: Mapped[str] = plain(String(120), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    last_used_at: Mapped[datetime | None] = plain(Instant)
    revoked_at: Mapped[datetime | None] = plain(Instant)


class DynamicClient(Base):
    """A client that registered itself. It is marked as unverified until staff have approved a version of it.

    The digest is that of its registration access token; without one it can no longer be managed.
    """

    __tablename__ = "dynamic_client"

    client_id: Mapped[str] = plain(String(255), ForeignKey("client.client_id"), primary_key=True)
    token_digest: Mapped[bytes | None] = secret(Digest, unique=True)
    initial_access_token_id: Mapped[UUID] = plain(UUIDType, nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    deleted_at: Mapped[datetime | None] = plain(Instant)
    verified_at: Mapped[datetime | None] = plain(Instant)
