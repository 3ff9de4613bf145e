"""The table of banners, those that are over among them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, UUIDType, plain
from idp.foundation.database import Base


class BannerRow(Base):
    """A banner. All of it is public."""

    __tablename__ = "banner"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ck_banner_times"),
        Index("ix_banner_end", "ends_at"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    text_zh: Mapped[str] = plain(String(200), nullable=False)
    text_en: Mapped[str] = plain(String(200), nullable=False)
    about: Mapped[str] = plain(String(20), nullable=False)
    starts_at: Mapped[datetime] = plain(Instant, nullable=False)
    ends_at: Mapped[datetime] = plain(Instant, nullable=False)
    revision: Mapped[int] = plain(Integer, nullable=False)
    actor: Mapped[str] = plain(String(120), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    withdrawn_at: Mapped[datetime | None] = plain(Instant)
