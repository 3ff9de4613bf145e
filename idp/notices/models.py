"""The table of notices. How far each has come stands in its message of the outbox, whose ``about`` is its id."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Ciphertext, Instant, JSONText, UUIDType, personal, plain, secret
from idp.foundation.database import Base

ADDRESS = "notice.address"


class Notice(Base):
    """A notice to one address. ``details`` fill the places of its template."""

    __tablename__ = "notice"

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    channel: Mapped[str] = plain(String(20), nullable=False)
    template: Mapped[str] = plain(String(40), nullable=False)
    address: Mapped[bytes] = secret(Ciphertext, nullable=False)
    account_id: Mapped[UUID | None] = plain(UUIDType)
    client_id: Mapped[str | None] = plain(String(255))
    locale: Mapped[str] = plain(String(20), nullable=False)
    details: Mapped[dict[str, Any]] = personal(JSONText, nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
