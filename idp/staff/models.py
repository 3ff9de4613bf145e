"""The tables of powers and of changes that need several officers (rule A1). Both speak of humans, not of accounts:
whoever has two accounts is still one person.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Digest, Instant, JSONText, UUIDType, personal, plain, secret
from idp.foundation.database import Base

_OPEN = text("state = 'open'")


class OfficerPower(Base):
    """The one power of a human, used through one account. A power taken away stays as a row, so that the history of the
    deployment is never empty again.
    """

    __tablename__ = "officer_power"
    __table_args__ = (
        CheckConstraint(
            "power IN ('system', 'security', 'audit', 'delegate', 'help_desk', 'custodian')", name="ck_officer_power"
        ),
    )

    person_id: Mapped[UUID] = plain(UUIDType, ForeignKey("natural_person.id"), primary_key=True)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), nullable=False, unique=True)
    power: Mapped[str] = plain(String(20), nullable=False)
    agency: Mapped[str | None] = plain(String(64))
    granted_at: Mapped[datetime] = plain(Instant, nullable=False)
    ended_at: Mapped[datetime | None] = plain(Instant)
    # When another officer last said that the power is still needed, since it was given.
    reviewed_at: Mapped[datetime | None] = plain(Instant)


class BootstrapCode(Base):
    """A code that makes the first officers: shown once on the server's terminal, used once, by one human each."""

    __tablename__ = "bootstrap_code"

    digest: Mapped[bytes] = secret(Digest, primary_key=True)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    used_by: Mapped[UUID | None] = plain(UUIDType, ForeignKey("natural_person.id"), unique=True)


class ChangeRequest(Base):
    """A change that waits for approval. Its content never changes: who wants another asks anew.

    ``subject_digest`` is that of what the change puts into force, so that its table can refer to the approval of it; of
    changes without such a table it is that of the request.
    """

    __tablename__ = "change_request"
    __table_args__ = (
        UniqueConstraint("id", "author_id", "content_digest", name="uq_change_request_content"),
        UniqueConstraint("id", "target", "subject_digest", name="uq_change_request_subject"),
        Index("ix_change_request_open", "created_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_change_request_target", "kind", "target"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    kind: Mapped[str] = plain(String(40), nullable=False)
    target: Mapped[str] = plain(String(255), nullable=False)
    author_id: Mapped[UUID] = plain(UUIDType, ForeignKey("natural_person.id"), nullable=False)
    content: Mapped[dict[str, Any]] = personal(JSONText, nullable=False)
    content_digest: Mapped[bytes] = plain(Digest, nullable=False)
    subject_digest: Mapped[bytes] = plain(Digest, nullable=False)
    reason: Mapped[str] = personal(String(500), nullable=False)
    approvals_needed: Mapped[int] = plain(SmallInteger, nullable=False)
    state: Mapped[str] = plain(String(20), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    decided_at: Mapped[datetime | None] = plain(Instant)


class Approval(Base):
    """One human's yes to exactly one content, never their own, the second only after the first: held by the database,
    not by our code. ``target`` and ``subject_digest`` are those of the request, so that what is put into force by an
    approval is bound to what was approved, and ``after_slot`` names the yes before this one.
    """

    __tablename__ = "approval"
    __table_args__ = (
        UniqueConstraint("request_id", "approver_id", name="uq_approval_approver"),
        ForeignKeyConstraint(
            ["request_id", "author_id", "content_digest"],
            ["change_request.id", "change_request.author_id", "change_request.content_digest"],
            name="fk_approval_content",
        ),
        ForeignKeyConstraint(
            ["request_id", "target", "subject_digest"],
            ["change_request.id", "change_request.target", "change_request.subject_digest"],
            name="fk_approval_subject",
        ),
        ForeignKeyConstraint(
            ["request_id", "after_slot"], ["approval.request_id", "approval.slot"], name="fk_approval_order"
        ),
        UniqueConstraint("request_id", "slot", "target", "subject_digest", name="uq_approval_subject"),
        CheckConstraint("coalesce(after_slot, 0) = slot - 1", name="ck_approval_order"),
        CheckConstraint("slot IN (1, 2)", name="ck_approval_slot"),
        CheckConstraint("approver_id <> author_id", name="ck_approval_not_by_author"),
    )

    request_id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    slot: Mapped[int] = plain(SmallInteger, primary_key=True)
    after_slot: Mapped[int | None] = plain(SmallInteger)
    target: Mapped[str] = plain(String(255), nullable=False)
    subject_digest: Mapped[bytes] = plain(Digest, nullable=False)
    author_id: Mapped[UUID] = plain(UUIDType, nullable=False)
    content_digest: Mapped[bytes] = plain(Digest, nullable=False)
    approver_id: Mapped[UUID] = plain(UUIDType, ForeignKey("natural_person.id"), nullable=False)
    approved_at: Mapped[datetime] = plain(Instant, nullable=False)


class SavedViewRow(Base):
    """Filters of one list of the console under a name, of one human."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("person_id", "section", "name", name="uq_saved_view_name"),)

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    person_id: Mapped[UUID] = plain(UUIDType, ForeignKey("natural_person.id"), nullable=False)
    section: Mapped[str] = plain(String(20), nullable=False)
    name: Mapped[str] = personal(String(60), nullable=False)
    filters: Mapped[dict[str, str]] = personal(JSONText, nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
