"""The consent table: one row for each account and client, rewritten at each decision; the audit keeps the history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, JSONText, UUIDType, plain
from idp.foundation.database import Base


class Consent(Base):
    """A decision. ``claims`` may be released, ``declined`` were offered as optional and not taken, ``scopes`` are all
    that were decided. ``services`` are resources of others at which the client may act (RFC 8707),
    ``authorization_details`` what it may do in particular (RFC 9396).
    """

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_client", "client_id"),)

    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), primary_key=True)
    client_id: Mapped[str] = plain(String(255), primary_key=True)
    basis: Mapped[str] = plain(String(20), nullable=False)
    scopes: Mapped[list[str]] = plain(JSONText, nullable=False)
    claims: Mapped[list[str]] = plain(JSONText, nullable=False)
    declined: Mapped[list[str]] = plain(JSONText, nullable=False)
    services: Mapped[list[str] | None] = plain(JSONText)
    authorization_details: Mapped[list[dict[str, Any]] | None] = plain(JSONText)
    first_granted_at: Mapped[datetime] = plain(Instant, nullable=False)
    granted_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    last_used_at: Mapped[datetime | None] = plain(Instant)
    # Which words said what for, by claim or scope. None: given when they were not kept, so that none are compared.
    purposes: Mapped[dict[str, str] | None] = plain(JSONText)
    withdrawn_at: Mapped[datetime | None] = plain(Instant)
