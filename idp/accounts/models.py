"""The tables of accounts, of the humans behind them and of organizations. Personal data stands here as ciphertext only.

What must be found again has a keyed digest beside it: ``natural_person.id_number_digest`` says that one human is one
row, and ``account_lookup`` leads from a phone number, an e-mail address or a resident ID number to an account
(architecture, rule 1).
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, SmallInteger, String, text
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Ciphertext, Digest, Instant, JSONText, UUIDType, personal, plain, secret
from idp.foundation.database import Base
from idp.keyring.reencryption import EncryptedColumn

_LIVE = text("ended_at IS NULL")
_ASKED = text("reset_credential_until IS NOT NULL OR reprove_identity_until IS NOT NULL")
_STAFF = text("agency IS NOT NULL")


class NaturalPerson(Base):
    """A human. ``ial`` is how well the identity was proven, ``ial_source`` by whom (``draft.IAL_SOURCES``).

    ``birthdate`` and ``gender`` are stored only where no ID number tells them, ``family_name`` and ``given_name`` only
    where they cannot be told from the legal name (``names.split_name``).
    """

    __tablename__ = "natural_person"
    __table_args__ = (
        Index("ix_natural_person_id_tail", "id_tail_digest", "id"),
        Index("ix_natural_person_ial", "ial"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    legal_name: Mapped[bytes | None] = secret(Ciphertext)
    family_name: Mapped[bytes | None] = secret(Ciphertext)
    given_name: Mapped[bytes | None] = secret(Ciphertext)
    id_number: Mapped[bytes | None] = secret(Ciphertext)
    id_number_digest: Mapped[bytes | None] = secret(Digest, unique=True)
    # Of the last six characters, for staff who are told no more; under a key of its own.
    id_tail_digest: Mapped[bytes | None] = secret(Digest)
    birthdate: Mapped[bytes | None] = secret(Ciphertext)
    gender: Mapped[bytes | None] = secret(Ciphertext)
    address: Mapped[bytes | None] = secret(Ciphertext)
    ial: Mapped[int] = plain(SmallInteger, nullable=False)
    ial_source: Mapped[str] = plain(String(40), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    updated_at: Mapped[datetime] = plain(Instant, nullable=False)


class Organization(Base):
    """A legal person, known by its unified social credit code (public, GB 32100), or an agency, known by its slug."""

    __tablename__ = "organization"

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    kind: Mapped[str] = plain(String(20), nullable=False)
    uscc: Mapped[str | None] = plain(String(18), unique=True)
    slug: Mapped[str | None] = plain(String(64), unique=True)
    name: Mapped[str | None] = plain(String(200))
    name_en: Mapped[str | None] = plain(String(200))
    created_at: Mapped[datetime] = plain(Instant, nullable=False)


class Account(Base):
    """A login. ``agency`` and ``roles`` are for staff; a role is a word for departments and grants no power here.

    A closed account stays as a tombstone, so that neither its username nor its subjects go to anyone else (OIDC Core
    §2).
    """

    __tablename__ = "account"
    __table_args__ = (
        Index("ix_account_natural_person", "natural_person_id"),
        Index("ix_account_phone_tail", "phone_tail_digest", "id"),
        Index("ix_account_agency", "agency", "id", postgresql_where=_STAFF, sqlite_where=_STAFF),
        # The few that a list must not look through all others for.
        *(
            Index(f"ix_account_{name}", *columns, postgresql_where=few, sqlite_where=few)
            for name, columns, few in (
                ("kind", ("kind", "id"), text("kind <> 'citizen'")),
                ("locked", ("id",), text("locked_at IS NOT NULL")),
                ("closed", ("id",), text("closed_at IS NOT NULL")),
                ("restricted", ("id",), text("restricted_until IS NOT NULL")),
                ("required", ("id",), _ASKED),
            )
        ),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    kind: Mapped[str] = plain(String(20), nullable=False)
    username: Mapped[str] = personal(String(64), nullable=False, unique=True)
    natural_person_id: Mapped[UUID] = plain(UUIDType, ForeignKey("natural_person.id"), nullable=False)
    environment: Mapped[str] = plain(String(20), nullable=False)
    is_demonstration: Mapped[bool] = plain(Boolean, nullable=False)
    phone: Mapped[bytes | None] = secret(Ciphertext)
    phone_tail_digest: Mapped[bytes | None] = secret(Digest)
    phone_verified: Mapped[bool] = plain(Boolean, nullable=False)
    email: Mapped[bytes | None] = secret(Ciphertext)
    email_verified: Mapped[bool] = plain(Boolean, nullable=False)
    preferred_language: Mapped[str | None] = plain(String(20))
    roles: Mapped[list[str]] = plain(JSONText, nullable=False)
    agency: Mapped[str | None] = plain(String(64))
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    updated_at: Mapped[datetime] = plain(Instant, nullable=False)
    credentials_changed_at: Mapped[datetime] = plain(Instant, nullable=False)
    locked_at: Mapped[datetime | None] = plain(Instant)
    lock_reason: Mapped[str | None] = personal(String(500))
    # While its agency has ended the access, the account stays locked, whoever else locks and unlocks it.
    access_ended_at: Mapped[datetime | None] = plain(Instant)
    closed_at: Mapped[datetime | None] = plain(Instant)
    # The latest end of the restrictions that keep the account out. It stands in this row, so that whoever opens a
    # session and whoever restricts the account wait for each other.
    restricted_until: Mapped[datetime | None] = plain(Instant)
    # What officers require of the account stands here for the same reason: until when no session opens without a new
    # credential, and until when its identity counts as unproven.
    reset_credential_until: Mapped[datetime | None] = plain(Instant)
    reprove_identity_until: Mapped[datetime | None] = plain(Instant)
    # Since when a legal hold keeps everything of the account.
    held_at: Mapped[datetime | None] = plain(Instant)


class AccountRestriction(Base):
    """What officers laid on an account until a time: each kind is a flag of its own, so that lifting one leaves the
    others.
    """

    __tablename__ = "account_restriction"

    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), primary_key=True)
    kind: Mapped[str] = plain(String(20), primary_key=True)
    until: Mapped[datetime] = plain(Instant, nullable=False)
    reason: Mapped[str] = personal(String(500), nullable=False)
    actor: Mapped[str] = plain(String(120), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)


class AccountRequirement(Base):
    """What officers require of an account until a time: a new credential before the next session, or the identity
    proven again.

    ``factor`` is the second factor to be enrolled anew besides the password; ``password_renewed`` says that only this
    is left to do.
    """

    __tablename__ = "account_requirement"

    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), primary_key=True)
    kind: Mapped[str] = plain(String(20), primary_key=True)
    until: Mapped[datetime] = plain(Instant, nullable=False)
    factor: Mapped[str | None] = plain(String(20))
    password_renewed: Mapped[bool] = plain(Boolean, nullable=False)
    reason: Mapped[str] = personal(String(500), nullable=False)
    actor: Mapped[str] = plain(String(120), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)


class LegalHold(Base):
    """An order to keep everything of an account, by its reference number. Several may be in force at once."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        Index(
            "uq_legal_hold_live",
            "account_id",
            "reference",
            unique=True,
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        ),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), nullable=False)
    reference: Mapped[str] = plain(String(100), nullable=False)
    reason: Mapped[str] = personal(String(500), nullable=False)
    actor: Mapped[str] = plain(String(120), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)
    ended_at: Mapped[datetime | None] = plain(Instant)


class AccountLookup(Base):
    """Leads from the digest of a phone number, e-mail address or ID number to accounts; one signs in with it."""

    __tablename__ = "account_lookup"
    __table_args__ = (
        # The digest alone, because each kind has a key of its own; and a UNIQUE of one column tells PostgreSQL, even
        # before it has counted anything, that a digest finds one row. A row is in one of the two indexes, not in both,
        # because digests are random and each index costs an import a page a row: a search for contacts asks for either.
        Index(
            "ix_account_lookup_contact",
            "digest",
            postgresql_where=text("NOT signs_in"),
            sqlite_where=text("signs_in = 0"),
        ),
        Index(
            "uq_account_lookup_signs_in",
            "digest",
            unique=True,
            postgresql_where=text("signs_in"),
            sqlite_where=text("signs_in = 1"),
        ),
    )

    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), primary_key=True)
    kind: Mapped[str] = plain(String(20), primary_key=True)
    digest: Mapped[bytes] = secret(Digest, nullable=False)
    signs_in: Mapped[bool] = plain(Boolean, nullable=False)


class Membership(Base):
    """What an account may act for, and as what, until it ends. One is live for each account and organization."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_live",
            "account_id",
            "organization_id",
            unique=True,
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        ),
        Index("ix_membership_organization", "organization_id"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    account_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account.id"), nullable=False)
    organization_id: Mapped[UUID] = plain(UUIDType, ForeignKey("organization.id"), nullable=False)
    role: Mapped[str] = plain(String(40), nullable=False)
    started_at: Mapped[datetime] = plain(Instant, nullable=False)
    ended_at: Mapped[datetime | None] = plain(Instant)


class AccountImport(Base):
    """How far the import of one file has come. It advances in the transaction that writes the lines it counts."""

    __tablename__ = "account_import"

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    file_digest: Mapped[bytes] = plain(Digest, nullable=False, unique=True)
    next_line: Mapped[int] = plain(Integer, nullable=False)
    next_offset: Mapped[int] = plain(BigInteger, nullable=False)
    accepted: Mapped[int] = plain(Integer, nullable=False)
    rejected: Mapped[int] = plain(Integer, nullable=False)
    started_at: Mapped[datetime] = plain(Instant, nullable=False)
    finished_at: Mapped[datetime | None] = plain(Instant)


class AccountImportReject(Base):
    """A bad line of an import: its number, and its problems as [field, message, values], never what it says."""

    __tablename__ = "account_import_reject"

    import_id: Mapped[UUID] = plain(UUIDType, ForeignKey("account_import.id"), primary_key=True)
    line: Mapped[int] = plain(Integer, primary_key=True)
    problems: Mapped[list[list[Any]]] = plain(JSONText, nullable=False)


ENCRYPTED_COLUMNS: Final = tuple(
    EncryptedColumn(table, "id", column, f"{table}.{column}")
    for table, columns in (
        ("natural_person", ("legal_name", "family_name", "given_name", "id_number", "birthdate", "gender", "address")),
        ("account", ("phone", "email")),
    )
    for column in columns
)
"""Every envelope of these tables, for re-encryption under a new master key."""
