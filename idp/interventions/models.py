"""The tables of mass endings: what an officer decided, and how far it has come; and of the break-glass."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, text
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, JSONText, UUIDType, personal, plain
from idp.foundation.database import Base

_HOUR = 3_600_000_000
"""In microseconds, as times are stored."""
_LIVE = text("ended_at IS NULL")
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


class BreakGlassRow(Base):
    """A break-glass: two humans, an hour at most, one at a time: held by the database, not by our code. That neither
    has another power is the key of ``officer_power``.
    """

    __tablename__ = "break_glass"
    __table_args__ = (
        CheckConstraint("slot = 1", name="ck_break_glass_slot"),
        CheckConstraint("confirmer_id <> opener_id", name="ck_break_glass_two"),
        CheckConstraint(
            "(confirmer_id IS NULL) = (until IS NULL) AND (confirmer_id IS NULL) = (opened_at IS NULL)",
            name="ck_break_glass_confirmed",
        ),
        CheckConstraint("opened_at <= confirm_until", name="ck_break_glass_in_time"),
        CheckConstraint(f"until - opened_at <= {_HOUR}", name="ck_break_glass_hour"),
        Index("uq_break_glass_live", "slot", unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    slot: Mapped[int] = plain(SmallInteger, nullable=False)
    opener_id: Mapped[UUID] = plain(UUIDType, ForeignKey("natural_person.id"), nullable=False)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), nullable=False)
    # Without a key: ended sessions are removed after 400 days, this is not.
    session_id: Mapped[UUID] = plain(UUIDType, nullable=False)
    reason: Mapped[str] = personal(String(500), nullable=False)
    asked_at: Mapped[datetime] = plain(Instant, nullable=False)
    confirm_until: Mapped[datetime] = plain(Instant, nullable=False)
    confirmer_id: Mapped[UUID | None] = plain(UUIDType, ForeignKey("natural_person.id"))
    opened_at: Mapped[datetime | None] = plain(Instant)
    until: Mapped[datetime | None] = plain(Instant)
    ended_at: Mapped[datetime | None] = plain(Instant)
    ended_by: Mapped[UUID | None] = plain(UUIDType, ForeignKey("natural_person.id"))
