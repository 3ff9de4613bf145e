"""The table of mass endings: what an officer decided, and how far it has come."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, JSONText, UUIDType, personal, plain
from idp.foundation.database import Base

_RUNNING = text("finished_at IS NULL")


class MassEnding(Base):
    """Ending all sessions that a filter chose when it was decided: neither later ones nor more than were counted.

    It advances in the transaction that ends a batch, so that a worker that dies has neither forgotten nor repeated any.
    """

    __tablename__ = "mass_ending"
    __table_args__ = (
        Index("ix_mass_ending_running", "created_at", postgresql_where=_RUNNING, sqlite_where=_RUNNING),
        Index("ix_mass_ending_author", "author_id", "created_at"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    author_id: Mapped[UUID] = plain(UUIDType, ForeignKey("natural_person.id"), nullable=False)
    actor: Mapped[str] = plain(String(120), nullable=False)
    chosen: Mapped[dict[str, Any]] = personal(JSONText, nullable=False)
    reason: Mapped[str] = personal(String(500), nullable=False)
    began_until: Mapped[datetime] = plain(Instant, nullable=False)
    most: Mapped[int] = plain(Integer, nullable=False)
    ended: Mapped[int] = plain(Integer, nullable=False)
    # The last session of the batch before, so that a batch need not look through what those before it ended.
    reached: Mapped[UUID | None] = plain(UUIDType)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    leased_until: Mapped[datetime | None] = plain(Instant)
    finished_at: Mapped[datetime | None] = plain(Instant)
