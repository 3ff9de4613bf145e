"""The audit table. The application inserts and reads; nothing here updates or deletes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, JSONText, UUIDType, personal, plain
from idp.foundation.database import Base


class AuditEvent(Base):
    """One event. ``network`` is the shortened address it came from (/24 or /48), ``request_id`` the reference a person
    was shown.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_account", "account_id", "id"),
        Index("ix_audit_client", "client_id", "id"),
        Index("ix_audit_actor", "actor", "id"),
        Index("ix_audit_action", "action", "id"),
        Index("ix_audit_request", "request_id"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    occurred_at: Mapped[datetime] = plain(Instant, nullable=False)
    action: Mapped[str] = plain(String(60), nullable=False)
    actor: Mapped[str] = plain(String(120), nullable=False)
    account_id: Mapped[UUID | None] = plain(UUIDType)
    client_id: Mapped[str | None] = plain(String(255))
    session_id: Mapped[UUID | None] = plain(UUIDType)
    reason: Mapped[str | None] = plain(String(500))
    request_id: Mapped[str | None] = plain(String(32))
    network: Mapped[str | None] = personal(String(50))
    detail: Mapped[dict[str, Any]] = plain(JSONText, nullable=False)
