"""The table of sign-ins under way: one for each browser, from the first verified factor, for ten minutes (rule S1)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, Integer, false
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Digest, Instant, JSONText, UUIDType, plain, secret
from idp.foundation.database import Base


class SignInAttempt(Base):
    """A sign-in under way, found by the digest of the pre-session cookie.

    ``factors`` lists [kind, microseconds, interaction] triples: a factor that a client wants fresh counts only for the
    interaction it was verified for. ``remember`` is the person's wish for this browser;
    ``follows_failures`` says that many passwords were wrong before the right one.
    """

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_expiry", "expires_at"),
        Index("ix_sign_in_attempt_account", "account_id"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    digest: Mapped[bytes] = secret(Digest, nullable=False, unique=True)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), nullable=False)
    factors: Mapped[list[list[Any]]] = plain(JSONText, nullable=False)
    password_is_short: Mapped[bool] = plain(Boolean, nullable=False)
    organization_id: Mapped[UUID | None] = plain(UUIDType)
    remember: Mapped[bool] = plain(Boolean, nullable=False)
    failures: Mapped[int] = plain(Integer, nullable=False)
    follows_failures: Mapped[bool] = plain(Boolean, nullable=False, server_default=false())
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    updated_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
