"""The ranges of every load that is there, and which load is in force."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Float, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, UUIDType, plain
from idp.foundation.database import Base


class NetworkRange(Base):
    """A range, by its first and last number (see ``ranges.py``). Ranges lie within each other or apart."""

    __tablename__ = "network_range"

    load_id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    family: Mapped[int] = plain(SmallInteger, primary_key=True)
    first: Mapped[int] = plain(BigInteger, primary_key=True)
    last: Mapped[int] = plain(BigInteger, primary_key=True)
    country: Mapped[str] = plain(String(2), nullable=False)
    region: Mapped[str] = plain(String(80), nullable=False)
    latitude: Mapped[float] = plain(Float, nullable=False)
    longitude: Mapped[float] = plain(Float, nullable=False)
    operator: Mapped[str] = plain(String(120), nullable=False)
    asn: Mapped[int | None] = plain(BigInteger)


class NetworkTable(Base):
    """One row: the load in force."""

    __tablename__ = "network_table"

    id: Mapped[int] = plain(Integer, primary_key=True, autoincrement=False)
    load_id: Mapped[UUID] = plain(UUIDType, nullable=False)
    file_name: Mapped[str] = plain(String(255), nullable=False)
    ranges: Mapped[int] = plain(Integer, nullable=False)
    loaded_at: Mapped[datetime] = plain(Instant, nullable=False)
