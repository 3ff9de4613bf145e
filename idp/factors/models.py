"""The tables of authenticators: every means of sign-in of every account, with its time and source (NIST SP 800-63B-4
§4.1).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Ciphertext, Digest, Instant, UUIDType, plain, secret
from idp.foundation.database import Base
from idp.keyring.reencryption import EncryptedColumn


class Authenticator(Base):
    """One means of sign-in. ``kind`` is password, totp or recovery_code; ``activated_at`` is None while it is being set
    up.

    A password has a ``verifier`` (a PHC string), the ``profile`` of its cost and the ``key_id`` of its pepper; an
    imported one has also the ``verifier_mac`` that ties the string to this row. A totp has its ``secret`` in an
    envelope and the ``last_step`` spent.
    """

    __tablename__ = "authenticator"
    __table_args__ = (
        Index("ix_authenticator_account", "account_id", "kind"),
        Index("ix_authenticator_profile", "profile"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), nullable=False)
    kind: Mapped[str] = plain(String(20), nullable=False)
    label: Mapped[str] = plain(String(40), nullable=False, default="")
    source: Mapped[str] = plain(String(20), nullable=False, default="person")
    verifier: Mapped[str | None] = secret(Text)
    verifier_mac: Mapped[bytes | None] = secret(Digest)
    profile: Mapped[str | None] = plain(String(60))
    key_id: Mapped[str | None] = plain(String(64))
    secret: Mapped[bytes | None] = secret(Ciphertext)
    last_step: Mapped[int] = plain(Integer, nullable=False, default=0)
    failures: Mapped[int] = plain(Integer, nullable=False, default=0)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    activated_at: Mapped[datetime | None] = plain(Instant)
    last_used_at: Mapped[datetime | None] = plain(Instant)
    disabled_at: Mapped[datetime | None] = plain(Instant)


class RecoveryCode(Base):
    """One recovery code, as the keyed digest of account and code; ``used_at`` is set once and for ever."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("ix_recovery_code_authenticator", "authenticator_id"),)

    digest: Mapped[bytes] = secret(LargeBinary(32), primary_key=True)
    authenticator_id: Mapped[UUID] = plain(UUIDType, ForeignKey("authenticator.id", ondelete="CASCADE"), nullable=False)
    used_at: Mapped[datetime | None] = plain(Instant)


ENCRYPTED_COLUMNS = (EncryptedColumn("authenticator", "id", "secret", "authenticator.secret"),)
"""Every envelope here, for re-encryption after a change of the master key."""
