"""The table of journeys, and how far the worker has come with them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, UUIDType, personal, plain
from idp.foundation.database import Base

# Faster than an airliner (``rules.AIRLINER``): what pages show unless asked for more, and what alert rules count.
_FAST = text("speed > 900")


class TravelRow(Base):
    """A journey, by the session of its second sign-in. When and from which networks is read from its two sessions, and
    with the first of them that is removed it goes: it holds no personal value longer than they do.
    """

    __tablename__ = "travel"
    __table_args__ = (
        Index("ix_travel_fast", "id", postgresql_where=_FAST, sqlite_where=_FAST),
        Index("ix_travel_before", "before_id"),
    )

    id: Mapped[UUID] = plain(UUIDType, ForeignKey("op_session.id", ondelete="CASCADE"), primary_key=True)
    before_id: Mapped[UUID] = plain(UUIDType, ForeignKey("op_session.id", ondelete="CASCADE"), nullable=False)
    account_id: Mapped[UUID] = plain(UUIDType, nullable=False)
    kilometres: Mapped[int] = personal(Integer, nullable=False)
    speed: Mapped[int] = personal(Integer, nullable=False)
    judged_at: Mapped[datetime] = plain(Instant, nullable=False)


class TravelProgress(Base):
    """One row: how many leaves of the audit record have been looked through for sign-ins."""

    __tablename__ = "travel_progress"
    __table_args__ = (CheckConstraint("id = 1", name="ck_travel_progress_one"),)

    id: Mapped[int] = plain(Integer, primary_key=True, autoincrement=False)
    reached: Mapped[int] = plain(BigInteger, nullable=False)
