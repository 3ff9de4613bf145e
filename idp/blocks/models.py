"""The table of entries, those that are over among them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Digest, Instant, UUIDType, personal, plain, secret
from idp.foundation.database import Base

_LISTED = text("ended_at IS NULL")


class BlockEntry(Base):
    """An entry: of one effect, kind and value there is one at a time. ``is_approved``: two officers agreed to it."""

    __tablename__ = "block_entry"
    __table_args__ = (
        CheckConstraint("effect IN ('block', 'allow')", name="ck_block_entry_effect"),
        CheckConstraint("kind IN ('network', 'operator', 'device', 'mail_domain')", name="ck_block_entry_kind"),
        CheckConstraint("expires_at > created_at", name="ck_block_entry_expiry"),
        CheckConstraint("(kind = 'device') = (digest IS NOT NULL)", name="ck_block_entry_digest"),
        Index(
            "uq_block_entry_listed",
            "effect",
            "kind",
            "value",
            unique=True,
            postgresql_where=_LISTED,
            sqlite_where=_LISTED,
        ),
        Index("ix_block_entry_expiry", "expires_at"),
        Index("ix_block_entry_actor", "actor", "created_at"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    effect: Mapped[str] = plain(String(10), nullable=False)
    kind: Mapped[str] = plain(String(20), nullable=False)
    value: Mapped[str] = personal(String(255), nullable=False)
    digest: Mapped[bytes | None] = secret(Digest)
    reason: Mapped[str] = personal(String(500), nullable=False)
    actor: Mapped[str] = plain(String(120), nullable=False)
    is_approved: Mapped[bool] = plain(Boolean, nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    ended_at: Mapped[datetime | None] = plain(Instant)
    ended_by: Mapped[str | None] = plain(String(120))
    end_reason: Mapped[str | None] = personal(String(500))
