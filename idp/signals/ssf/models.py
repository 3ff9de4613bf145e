"""The tables of streams and of the subjects that a receiver has asked not to hear of (SSF 1.0 §8)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Ciphertext, Instant, JSONText, UUIDType, plain, secret
from idp.foundation.database import Base
from idp.keyring.reencryption import EncryptedColumn


class StreamRow(Base):
    """A client's stream. ``reference`` is its public ``stream_id``; ``last_error`` says why deliveries fail at present.

    ``push_authorization`` is the header that the receiver wants to see with each push, encrypted.
    """

    __tablename__ = "stream"
    __table_args__ = (
        CheckConstraint("status IN ('enabled', 'paused', 'disabled')", name="ck_stream_status"),
        CheckConstraint("method IN ('push', 'poll')", name="ck_stream_method"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    reference: Mapped[str] = plain(String(43), nullable=False, unique=True)
    client_id: Mapped[str] = plain(String(255), ForeignKey("client.client_id"), nullable=False, unique=True)
    status: Mapped[str] = plain(String(10), nullable=False)
    status_reason: Mapped[str | None] = plain(String(200))
    method: Mapped[str] = plain(String(4), nullable=False)
    push_url: Mapped[str | None] = plain(String(2000))
    push_authorization: Mapped[bytes | None] = secret(Ciphertext)
    events_requested: Mapped[list[str]] = plain(JSONText, nullable=False)
    description: Mapped[str | None] = plain(String(200))
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    updated_at: Mapped[datetime] = plain(Instant, nullable=False)
    verification_asked_at: Mapped[datetime | None] = plain(Instant)
    last_delivered_at: Mapped[datetime | None] = plain(Instant)
    last_error: Mapped[str | None] = plain(String(200))
    last_error_at: Mapped[datetime | None] = plain(Instant)
    # Named for polls by the first version; a column keeps its name while two versions may run (CONTRIBUTING).
    last_called_at: Mapped[datetime | None] = plain("polled_at", Instant, key="last_called_at")


class StreamSubject(Base):
    """An account that a receiver has removed from its stream (SSF 1.0 §8.1.3). Adding it again deletes the row."""

    __tablename__ = "stream_subject"
    __table_args__ = (Index("ix_stream_subject_account", "account_id"),)

    stream_id: Mapped[UUID] = plain(UUIDType, ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), primary_key=True)
    removed_at: Mapped[datetime] = plain(Instant, nullable=False)


PUSH_AUTHORIZATION = "stream.push_authorization"
ENCRYPTED_COLUMNS = (EncryptedColumn("stream", "id", "push_authorization", PUSH_AUTHORIZATION),)
