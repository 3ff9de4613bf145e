"""The tables of authenticators: every means of sign-in of every account, with its time and source (NIST SP 800-63B-4
§4.1).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Ciphertext, Digest, Instant, JSONText, UUIDType, personal, plain, secret
from idp.foundation.database import Base
from idp.keyring.reencryption import EncryptedColumn

_NO_PASSWORD = text("kind <> 'password'")


class Authenticator(Base):
    """One means of sign-in. ``kind`` is password, passkey, totp or recovery_code; ``activated_at`` is None while it is
    being set up.

    A password has a ``verifier`` (a PHC string), the ``profile`` of its cost and the ``key_id`` of its pepper; an
    imported one has also the ``verifier_mac`` that ties the string to this row. A totp has its ``secret`` in an
    envelope and the ``last_step`` spent.
    """

    __tablename__ = "authenticator"
    __table_args__ = (
        Index("ix_authenticator_account", "account_id", "kind"),
        Index("ix_authenticator_profile", "profile"),
        Index("ix_authenticator_kind", "kind", "account_id", postgresql_where=_NO_PASSWORD, sqlite_where=_NO_PASSWORD),
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


class Passkey(Base):
    """What is kept of a passkey: the credential record of Web Authentication Level 3 §4.

    A credential id belongs to one account only. ``is_backup_eligible`` means that the key may be copied to other
    devices, ``is_backed_up`` that it was. ``is_attested``: the maker of the device vouched for it when it was enrolled.
    """

    __tablename__ = "passkey"

    authenticator_id: Mapped[UUID] = plain(
        UUIDType, ForeignKey("authenticator.id", ondelete="CASCADE"), primary_key=True
    )
    credential_id: Mapped[bytes] = personal(LargeBinary(1023), nullable=False, unique=True)
    public_key: Mapped[bytes] = plain(LargeBinary, nullable=False)
    sign_count: Mapped[int] = plain(BigInteger, nullable=False)
    aaguid: Mapped[UUID] = plain(UUIDType, nullable=False)
    transports: Mapped[list[str]] = plain(JSONText, nullable=False)
    is_attested: Mapped[bool] = plain(Boolean, nullable=False)
    is_backup_eligible: Mapped[bool] = plain(Boolean, nullable=False)
    is_backed_up: Mapped[bool] = plain(Boolean, nullable=False)


class SpentChallenge(Base):
    """A challenge that was answered, as its digest, for as long as it would count: each is answered once (rule H4)."""

    __tablename__ = "spent_challenge"
    __table_args__ = (Index("ix_spent_challenge_expiry", "expires_at"),)

    digest: Mapped[bytes] = secret(Digest, primary_key=True)
    expires_at: Mapped[datetime] = plain(Instant, nullable=False)


ENCRYPTED_COLUMNS = (EncryptedColumn("authenticator", "id", "secret", "authenticator.secret"),)
"""Every envelope here, for re-encryption after a change of the master key."""
