"""The tables of the record: events, the tiles of their tree, its head, and the checkpoints.

The application inserts events. Triggers refuse every other change of them but two: the sealer gives an event that has
none its leaf index, and ``network`` and ``salt`` of older events are emptied (rules A4, A6; migration 0010). What is
personal stands in a table of its own, whose rows may go.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Ciphertext, Digest, Instant, JSONText, UUIDType, personal, plain, secret
from idp.foundation.database import Base

_UNSEALED = text("leaf_index IS NULL")
_IN_CLEAR = text("network IS NOT NULL")
# The few events that tell of a recovery, so that a hunt need not look through all that an account did. It asks for them
# in these words (``interventions/hunts``). The action comes first: the detail of other events is not even looked at.
_RECOVERED = text(
    "action = 'authenticator.reset' OR (action IN ('session.opened', 'session.raised')"
    " AND CAST(detail AS TEXT) LIKE '%\"recovery_code\"%')"
)
_INDEXED = text("network_index IS NOT NULL")
# Most events tell of tokens. They are found by person, site and request; no other index is written for them.
COMMON: Final = ("token.issued", "token.refreshed")
_UNCOMMON = text("action NOT IN ('token.issued', 'token.refreshed')")
_IN_SESSION = text("session_id IS NOT NULL")
_SEALED = text("leaf_index IS NOT NULL")


class AuditEvent(Base):
    """One event. ``request_id`` is the reference a person was shown, ``network_commitment`` and ``commitments`` stand
    for the personal values in ``audit_detail``. Only what an older version recorded has ``network`` and ``salt``.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_account", "account_id", "id"),
        Index("ix_audit_client", "client_id", "id"),
        Index("ix_audit_actor", "actor", "id", postgresql_where=_UNCOMMON, sqlite_where=_UNCOMMON),
        Index("ix_audit_action", "action", "id", postgresql_where=_UNCOMMON, sqlite_where=_UNCOMMON),
        Index("ix_audit_request", "request_id"),
        Index("ix_audit_session", "session_id", "id", postgresql_where=_IN_SESSION, sqlite_where=_IN_SESSION),
        Index("ix_audit_recovered", "account_id", "id", postgresql_where=_RECOVERED, sqlite_where=_RECOVERED),
        Index("ux_audit_leaf", "leaf_index", unique=True, postgresql_where=_SEALED, sqlite_where=_SEALED),
        Index("ix_audit_unsealed", "id", postgresql_where=_UNSEALED, sqlite_where=_UNSEALED),
        Index("ix_audit_in_clear", "id", postgresql_where=_IN_CLEAR, sqlite_where=_IN_CLEAR),
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
    network_commitment: Mapped[bytes | None] = plain(Digest)
    salt: Mapped[bytes | None] = secret(Digest)
    detail: Mapped[dict[str, Any]] = plain(JSONText, nullable=False)
    leaf_index: Mapped[int | None] = plain(BigInteger)
    commitments: Mapped[dict[str, str] | None] = plain(JSONText)


def is_uncommon(event: type[AuditEvent] = AuditEvent) -> ColumnElement[bool]:
    """Say, in the words of the indexes over actors and actions, that an event is none of the most common."""
    return event.action.not_in([literal_column(f"'{action}'") for action in COMMON])


class AuditDetail(Base):
    """The personal values of one event with their salts, encrypted, and keyed digests that find it by its network (from
    where it came, shortened to /24 or /48) and by the region and the operator that this network had then. Erasing is
    deleting the row.
    """

    __tablename__ = "audit_detail"
    __table_args__ = (
        Index("ix_audit_detail_network", "network_index", "event_id", postgresql_where=_INDEXED, sqlite_where=_INDEXED),
        *(
            Index(f"ix_audit_detail_{name}", f"{name}_index", "event_id", postgresql_where=known, sqlite_where=known)
            for name in ("region", "operator")
            for known in (text(f"{name}_index IS NOT NULL"),)
        ),
    )

    event_id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    opening: Mapped[bytes] = secret(Ciphertext, nullable=False)
    network_index: Mapped[bytes | None] = secret(LargeBinary(16))
    region_index: Mapped[bytes | None] = secret(LargeBinary(16))
    operator_index: Mapped[bytes | None] = secret(LargeBinary(16))


class AuditCount(Base):
    """How many sealed events of a kind occurred in each five minutes. The sealer counts an event as it seals it, so
    that each is counted once, and a chart over a day need not read the record.
    """

    __tablename__ = "audit_count"

    bucket: Mapped[int] = plain(BigInteger, primary_key=True, autoincrement=False)
    action: Mapped[str] = plain(String(60), primary_key=True)
    count: Mapped[int] = plain(BigInteger, nullable=False)


class AuditTally(Base):
    """How many sealed events there were in each five minutes by what they say: of a series (``audit.tallies``), under
    each label. Counted as ``AuditCount`` is, and kept as long as charts go back.
    """

    __tablename__ = "audit_tally"

    bucket: Mapped[int] = plain(BigInteger, primary_key=True, autoincrement=False)
    series: Mapped[str] = plain(String(20), primary_key=True)
    label: Mapped[str] = plain(String(255), primary_key=True)
    count: Mapped[int] = plain(BigInteger, nullable=False)


class AuditTile(Base):
    """Up to 256 hashes of one level of the tree, one after the other (C2SP tlog-tiles)."""

    __tablename__ = "audit_tile"

    level: Mapped[int] = plain(Integer, primary_key=True, autoincrement=False)
    tile_index: Mapped[int] = plain(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = plain(Ciphertext, nullable=False)


class AuditHead(Base):
    """One row: how many leaves are sealed, who may seal (the newest fencing token), and with which key."""

    __tablename__ = "audit_head"

    id: Mapped[int] = plain(Integer, primary_key=True, autoincrement=False)
    size: Mapped[int] = plain(BigInteger, nullable=False)
    fence: Mapped[int] = plain(BigInteger, nullable=False)
    leased_until: Mapped[datetime] = plain(Instant, nullable=False)
    kid: Mapped[str | None] = plain(String(64))
    public_key: Mapped[bytes | None] = plain(Digest)


class AuditCheckpoint(Base):
    """The newest checkpoint of each size: while nothing happens, a later one takes the place of the earlier."""

    __tablename__ = "audit_checkpoint"

    size: Mapped[int] = plain(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    note: Mapped[str] = plain(Text, nullable=False)
