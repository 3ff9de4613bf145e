"""The tables of sessions, grants and devices. Ending a row is an update of ``ended_at`` that every later use sees."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Digest, Instant, JSONText, UUIDType, personal, plain, secret
from idp.foundation.database import Base

_LIVE = text("ended_at IS NULL")
_LIVE_OFFLINE = text("is_offline AND ended_at IS NULL")
_OFFLINE = text("is_offline")
_RUNNING = text("finished_at IS NULL")
# PostgreSQL cannot tell how many sessions a means of sign-in has but by an index of its own, and a list of those that
# few use must not look through everybody's. What a list asks for must read as it does here (``filters``).
_BY_METHOD = tuple(
    Index(f"ix_op_session_{kind}", "id", postgresql_where=used, sqlite_where=used)
    for kind in ("password", "passkey", "totp", "recovery_code")
    for used in (text(f"CAST(factors AS TEXT) LIKE '%\"{kind}\"%'"),)
)
# What ``factors.assurance.acr_proved_by`` says of the factors, as the number of its place among the acr values.
PROVEN_LEVEL: Final = (
    "(CASE WHEN CAST(factors AS TEXT) LIKE '%\"attested_passkey\"%' THEN 3"
    " WHEN CAST(factors AS TEXT) LIKE '%\"passkey\"%' OR CAST(factors AS TEXT) LIKE '%\"password\"%'"
    " AND (CAST(factors AS TEXT) LIKE '%\"totp\"%' OR CAST(factors AS TEXT) LIKE '%\"recovery_code\"%') THEN 2"
    " ELSE 1 END)"
)
_BY_LEVEL = tuple(
    Index(f"ix_op_session_aal{level}", "id", postgresql_where=proven, sqlite_where=proven)
    for level in (1, 2, 3)
    for proven in (text(f"{PROVEN_LEVEL} = {level}"),)
)
# The bits are those of ``rating.RiskSign``. Few sessions have any: the indexes cost the others nothing.
_BY_RISK = tuple(
    Index(f"ix_op_session_risk_{name}", "id", postgresql_where=shown, sqlite_where=shown)
    for name, condition in (
        ("any", "risk <> 0"),
        ("new_device", "(risk & 1) <> 0"),
        ("recovery_code", "(risk & 2) <> 0"),
        ("after_failures", "(risk & 4) <> 0"),
        ("impossible_travel", "(risk & 8) <> 0"),
    )
    for shown in (text(condition),)
)
_AT_RISK = text("risk <> 0")
_WITH_DEVICE = text("device_id IS NOT NULL")


class OPSession(Base):
    """A browser's finished login. ``factors`` lists [kind, microseconds] pairs from which ``acr`` and ``amr`` are
    computed.
    """

    __tablename__ = "op_session"
    __table_args__ = (
        Index("ix_op_session_of_account", "account_id", "id"),
        Index("ix_op_session_expiry", "expires_at"),
        # With these operators the index finds what begins with a text, whatever the collation. How many accounts a
        # network has it tells without the table.
        Index(
            "ix_op_session_network",
            "network",
            "id",
            postgresql_ops={"network": "text_pattern_ops"},
            postgresql_include=["account_id"],
        ),
        *_BY_METHOD,
        *_BY_RISK,
        # Whose they are, and which signs each shows, without the table.
        Index(
            "ix_op_session_risk_of_account",
            "account_id",
            "id",
            postgresql_where=_AT_RISK,
            sqlite_where=_AT_RISK,
            postgresql_include=["risk"],
        ),
        *_BY_LEVEL,
        Index("ix_op_session_device", "device_id", "id", postgresql_where=_WITH_DEVICE, sqlite_where=_WITH_DEVICE),
        *(
            Index(f"ix_op_session_{name}", name, "id", postgresql_where=known, sqlite_where=known)
            for name in ("region", "operator")
            for known in (text(f"{name} IS NOT NULL"),)
        ),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    digest: Mapped[bytes] = secret(Digest, nullable=False, unique=True)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    auth_time: Mapped[datetime] = plain(Instant, nullable=False)
    last_seen_at: Mapped[datetime] = plain(Instant, nullable=False)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)
    factors: Mapped[list[list[Any]]] = plain(JSONText, nullable=False)
    interaction_id: Mapped[UUID] = plain(UUIDType, nullable=False)
    organization_id: Mapped[UUID | None] = plain(UUIDType, ForeignKey("organization.id"))
    network: Mapped[str | None] = personal(String(50))
    user_agent: Mapped[str | None] = personal(String(300))
    # Where the network was when the session began, and who ran it, by the table of networks then in force.
    region: Mapped[str | None] = personal(String(90))
    operator: Mapped[str | None] = personal(String(120))
    ended_at: Mapped[datetime | None] = plain(Instant)
    end_reason: Mapped[str | None] = plain(String(40))
    # The browser, as ``device`` knows it, and the signs of risk that were found (``rating.RiskSign``).
    device_id: Mapped[UUID | None] = plain(UUIDType)
    risk: Mapped[int] = plain(Integer, nullable=False, server_default="0")
    # Whose cookie this is: a session of the provider's pages opens nothing in the console, nor the other way (rule O4).
    surface: Mapped[str] = plain(String(10), nullable=False, server_default="provider")


class ClientSession(Base):
    """One site's part of a session. ``sid`` is what its ID tokens and logout tokens carry."""

    __tablename__ = "client_session"
    __table_args__ = (
        Index(
            "uq_client_session_live",
            "op_session_id",
            "client_id",
            unique=True,
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        ),
        Index("ix_client_session_client", "client_id", "created_at"),
        Index("ix_client_session_of_client", "client_id", "op_session_id"),
        Index("ix_client_session_session", "op_session_id"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    op_session_id: Mapped[UUID] = plain(UUIDType, ForeignKey("op_session.id"), nullable=False)
    account_id: Mapped[UUID] = plain(UUIDType, nullable=False)
    client_id: Mapped[str] = plain(String(255), nullable=False)
    sid: Mapped[str] = plain(String(43), nullable=False, unique=True)
    sub: Mapped[str] = plain(String(43), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    ended_at: Mapped[datetime | None] = plain(Instant)


class ClientUsage(Base):
    """How many people signed in to a site in the 30 days before ``counted_at``. The worker counts them."""

    __tablename__ = "client_usage"

    client_id: Mapped[str] = plain(String(255), primary_key=True)
    people: Mapped[int] = plain(BigInteger, nullable=False)
    counted_at: Mapped[datetime] = plain(Instant, nullable=False)


class AuthorizationGrant(Base):
    """What an account allowed a client. ``reference`` is the random name by which its access tokens point here.

    An offline grant survives the person's own logout; ``op_session_id`` then only tells where it came from. ``claims``
    are those asked for one by one and allowed, by place: ``userinfo`` and ``id_token``. ``authorization_details`` are
    the objects of RFC 9396, in their canonical form.
    """

    __tablename__ = "authorization_grant"
    __table_args__ = (
        Index("ix_grant_client_session", "client_session_id"),
        Index("ix_grant_op_session", "op_session_id"),
        # In the order of lists; a service of one account is sought among that account's.
        Index("ix_grant_account", "account_id", "id", "client_id"),
        Index("ix_grant_client", "client_id", "id"),
        Index("ix_grant_offline", "client_id", "id", postgresql_where=_LIVE_OFFLINE, sqlite_where=_LIVE_OFFLINE),
        Index("ix_grant_offline_latest", "id", postgresql_where=_LIVE_OFFLINE, sqlite_where=_LIVE_OFFLINE),
        # Few are for offline use: the others enter none of these.
        Index("ix_grant_offline_ever", "id", postgresql_where=_OFFLINE, sqlite_where=_OFFLINE),
        Index("ix_grant_offline_of_client", "client_id", "id", postgresql_where=_OFFLINE, sqlite_where=_OFFLINE),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    reference: Mapped[str] = plain(String(22), nullable=False, unique=True)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), nullable=False)
    client_id: Mapped[str] = plain(String(255), nullable=False)
    op_session_id: Mapped[UUID] = plain(UUIDType, ForeignKey("op_session.id"), nullable=False)
    client_session_id: Mapped[UUID] = plain(UUIDType, ForeignKey("client_session.id"), nullable=False)
    interaction_id: Mapped[UUID] = plain(UUIDType, nullable=False, unique=True)
    sub: Mapped[str] = plain(String(43), nullable=False)
    organization_id: Mapped[UUID | None] = plain(UUIDType)
    is_offline: Mapped[bool] = plain(Boolean, nullable=False)
    claims: Mapped[dict[str, list[str]]] = plain(JSONText, nullable=False)
    authorization_details: Mapped[list[dict[str, Any]] | None] = plain(JSONText)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    ended_at: Mapped[datetime | None] = plain(Instant)
    end_reason: Mapped[str | None] = plain(String(40))


class Subject(Base):
    """The truth about ``sub``: random, one for each account and sector, never given to anyone else (OIDC Core §2,
    §8.1).

    The rows stay when an account is closed, so that a value can never be used again.
    """

    __tablename__ = "subject"
    __table_args__ = (UniqueConstraint("sector", "sub"), Index("ix_subject_sub", "sub"))

    account_id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    sector: Mapped[str] = plain(String(255), primary_key=True)
    sub: Mapped[str] = plain(String(43), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)


class Device(Base):
    """A browser that has signed this account in. While remembered, it spares the second factor where nothing asks above
    aal1.
    """

    __tablename__ = "device"
    __table_args__ = (Index("ix_device_account", "account_id"), Index("ix_device_digest", "digest"))

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), nullable=False)
    digest: Mapped[bytes] = secret(Digest, nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    last_seen_at: Mapped[datetime] = plain(Instant, nullable=False)
    remembered_until: Mapped[datetime | None] = plain(Instant)
    ended_at: Mapped[datetime | None] = plain(Instant)


class SessionSweep(Base):
    """Ending, in batches, what a decision has made void at once: all that a client holds or, without a client, every
    session that had begun by then.

    It advances in the transaction that ends a batch, so that a worker that dies has neither forgotten nor repeated any.
    """

    __tablename__ = "session_sweep"
    __table_args__ = (
        Index("ix_session_sweep_running", "client_id", "began_until", postgresql_where=_RUNNING, sqlite_where=_RUNNING),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    client_id: Mapped[str | None] = plain(String(255))
    began_until: Mapped[datetime] = plain(Instant, nullable=False)
    end_reason: Mapped[str] = plain(String(40), nullable=False)
    actor: Mapped[str] = plain(String(120), nullable=False)
    sessions: Mapped[int] = plain(Integer, nullable=False)
    client_sessions: Mapped[int] = plain(Integer, nullable=False)
    grants: Mapped[int] = plain(Integer, nullable=False)
    # The last session of the batch before, so that a batch need not look through what those before it ended.
    reached: Mapped[UUID | None] = plain(UUIDType)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    leased_until: Mapped[datetime | None] = plain(Instant)
    finished_at: Mapped[datetime | None] = plain(Instant)
