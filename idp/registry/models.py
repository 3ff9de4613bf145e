"""Tables of the registry: agencies, clients, their versions, secrets and displayed names, and the cache counter."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Digest, Instant, JSONText, UUIDType, plain, secret
from idp.foundation.database import Base

OPEN = ("draft", "in_review")
"""The states of a version that waits to be put into force."""
_PUBLISHED = text("status = 'published'")
_ENVIRONMENT = {
    "postgresql": "coalesce(content -> 'policy' ->> 'environment', 'production')",
    "sqlite": "coalesce(json_extract(content, '$.policy.environment'), 'production')",
}


def _approved_in_production(dialect: str) -> Any:  # noqa: ANN401 - a constraint of one dialect
    """What is in force in production rests on two approvals (rule A1): held by the database, not by our code."""
    approved = "change_request_id IS NOT NULL AND coalesce(approvals, 0) = 2"
    condition = f"status <> 'published' OR {_ENVIRONMENT[dialect]} <> 'production' OR ({approved})"
    return CheckConstraint(condition, name="ck_client_version_approved").ddl_if(dialect=dialect)


class Agency(Base):
    """A government body that owns clients."""

    __tablename__ = "agency"

    slug: Mapped[str] = plain(String(80), primary_key=True)
    name: Mapped[str] = plain(String(120), nullable=False)
    name_en: Mapped[str] = plain(String(120), nullable=False)


class ClientRow(Base):
    """A client.

    ``not_before`` stops every token issued earlier (rule P5); ``published_version`` is the number in force, if any.
    """

    __tablename__ = "client"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'suspended')", name="ck_client_state"),
        Index("ix_client_agency", "agency"),
    )

    client_id: Mapped[str] = plain(String(255), primary_key=True)
    agency: Mapped[str] = plain(String(80), ForeignKey("agency.slug"), nullable=False)
    environment: Mapped[str] = plain(String(20), nullable=False)
    state: Mapped[str] = plain(String(20), nullable=False, default="active")
    not_before: Mapped[datetime | None] = plain(Instant)
    published_version: Mapped[int | None] = plain(Integer)
    is_demonstration: Mapped[bool] = plain(Boolean, nullable=False, default=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)


class ClientVersion(Base):
    """The content of a client, as reviewed. ``base_version`` is the number that was in force when it was written.

    ``change_request_id`` and ``approvals`` name the last approval that put it into force, which is one of this client
    and this content, or the database refuses it. The tables of requests are
    those of the staff package, a neighbour: they are named here, not imported.
    """

    __tablename__ = "client_version"
    __table_args__ = (
        UniqueConstraint("client_id", "number", name="uq_client_version_number"),
        Index(
            "uq_client_version_published",
            "client_id",
            unique=True,
            postgresql_where=_PUBLISHED,
            sqlite_where=_PUBLISHED,
        ),
        CheckConstraint("status IN ('draft', 'in_review', 'published', 'archived')", name="ck_client_version_status"),
        ForeignKeyConstraint(
            ["change_request_id", "approvals", "client_id", "content_digest"],
            ["approval.request_id", "approval.slot", "approval.target", "approval.subject_digest"],
            name="fk_client_version_approval",
        ),
        *(_approved_in_production(dialect) for dialect in _ENVIRONMENT),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    client_id: Mapped[str] = plain(String(255), ForeignKey("client.client_id"), nullable=False)
    number: Mapped[int] = plain(Integer, nullable=False)
    status: Mapped[str] = plain(String(20), nullable=False)
    content: Mapped[dict[str, Any]] = plain(JSONText, nullable=False)
    content_digest: Mapped[bytes] = plain(Digest, nullable=False)
    base_version: Mapped[int | None] = plain(Integer)
    author: Mapped[str] = plain(String(120), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    published_at: Mapped[datetime | None] = plain(Instant)
    change_request_id: Mapped[UUID | None] = plain(UUIDType)
    approvals: Mapped[int | None] = plain(SmallInteger)


class ClientSecretRow(Base):
    """A secret of a client, as its SHA-256 (it is 256 random bits).

    At most two live, so that a rotation has an overlap.
    """

    __tablename__ = "client_secret"
    __table_args__ = (Index("ix_client_secret_client", "client_id"), Index("ix_client_secret_expires", "expires_at"))

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    client_id: Mapped[str] = plain(String(255), ForeignKey("client.client_id"), nullable=False)
    digest: Mapped[bytes] = secret(Digest, nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime | None] = plain(Instant)


class ClientName(Base):
    """A displayed name that is taken, by its confusable skeleton, so that no client can pass for another (rule A8)."""

    __tablename__ = "client_name"
    __table_args__ = (Index("ix_client_name_client", "client_id"),)

    skeleton: Mapped[str] = plain(String(200), primary_key=True)
    client_id: Mapped[str] = plain(String(255), ForeignKey("client.client_id"), nullable=False)


class ClientResource(Base):
    """A resource that a client serves (RFC 8707): no two clients serve the same one."""

    __tablename__ = "client_resource"
    __table_args__ = (Index("ix_client_resource_client", "client_id"),)

    uri: Mapped[str] = plain(String(2000), primary_key=True)
    client_id: Mapped[str] = plain(String(255), ForeignKey("client.client_id"), nullable=False)


class CacheVersion(Base):
    """One row whose number grows with every change; every node compares it before it trusts its cache (rule 6)."""

    __tablename__ = "cache_version"

    id: Mapped[int] = plain(Integer, primary_key=True, autoincrement=False)
    value: Mapped[int] = plain(BigInteger, nullable=False)
