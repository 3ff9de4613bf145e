"""The life of each signing key, and the version by which every node notices a change. Private keys are not here."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, text
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, JSONText, plain
from idp.foundation.database import Base

_ACTIVE = text("state = 'active'")
_PENDING = text("state = 'pending'")


class SigningKey(Base):
    """A signing key. ``activates_at`` is the moment at which every node starts to use it, NULL while undecided.

    The states follow the clock: a pending key whose moment has come signs at once, before any tick has written
    ``active``.
    """

    __tablename__ = "signing_key"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'active', 'retained', 'revoked')", name="ck_signing_key_state"),
        # Whatever two workers do at once, an algorithm never has two keys that wait or two that sign.
        Index("ux_signing_key_active", "alg", unique=True, postgresql_where=_ACTIVE, sqlite_where=_ACTIVE),
        Index("ux_signing_key_pending", "alg", unique=True, postgresql_where=_PENDING, sqlite_where=_PENDING),
    )

    kid: Mapped[str] = plain(String(64), primary_key=True)
    alg: Mapped[str] = plain(String(16), nullable=False)
    state: Mapped[str] = plain(String(16), nullable=False)
    public_jwk: Mapped[dict[str, Any]] = plain(JSONText, nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    published_at: Mapped[datetime] = plain(Instant, nullable=False)
    activates_at: Mapped[datetime | None] = plain(Instant)
    retired_at: Mapped[datetime | None] = plain(Instant)
    revoked_at: Mapped[datetime | None] = plain(Instant)
    reason: Mapped[str | None] = plain(String(500))


class KeySetVersion(Base):
    """One row, whose version grows with each change of any key; its lock is what rotations queue up for."""

    __tablename__ = "key_set_version"

    id: Mapped[int] = plain(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = plain(BigInteger, nullable=False)
