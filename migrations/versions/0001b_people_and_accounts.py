"""People, organizations, their accounts and authenticators.

Revision 0001b, after 0001a. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0001b"
down_revision = "0001a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_import",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("file_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("next_line", sa.Integer(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("started_at", columns.Instant(), nullable=False),
        sa.Column("finished_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("file_digest"),
    )

    op.create_table(
        "agency",
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("slug"),
    )

    op.create_table(
        "natural_person",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("legal_name", sa.LargeBinary(), nullable=True),
        sa.Column("family_name", sa.LargeBinary(), nullable=True),
        sa.Column("given_name", sa.LargeBinary(), nullable=True),
        sa.Column("id_number", sa.LargeBinary(), nullable=True),
        sa.Column("id_number_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("birthdate", sa.LargeBinary(), nullable=True),
        sa.Column("gender", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("ial", sa.SmallInteger(), nullable=False),
        sa.Column("ial_source", sa.String(length=40), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("updated_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("id_number_digest"),
    )

    op.create_table(
        "organization",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("slug", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
        sa.UniqueConstraint("uscc"),
    )

    op.create_table(
        "account",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("natural_person_id", columns.UUIDType(), nullable=False),
        sa.Column("environment", sa.String(length=20), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_verified", sa.Boolean(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("email_verified", sa.Boolean(), nullable=False),
        sa.Column("preferred_language", sa.String(length=20), nullable=True),
        sa.Column("roles", columns.JSONText(), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=True),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("updated_at", columns.Instant(), nullable=False),
        sa.Column("credentials_changed_at", columns.Instant(), nullable=False),
        sa.Column("locked_at", columns.Instant(), nullable=True),
        sa.Column("lock_reason", sa.String(length=500), nullable=True),
        sa.Column("closed_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["natural_person_id"],
            ["natural_person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("username"),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index("ix_account_natural_person", ["natural_person_id"], unique=False)

    op.create_table(
        "account_import_reject",
        sa.Column("import_id", columns.UUIDType(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("problems", columns.JSONText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["account_import.id"],
        ),
        sa.PrimaryKeyConstraint("import_id", "line"),
    )

    op.create_table(
        "account_lookup",
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signs_in", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("account_id", "kind"),
    )
    with op.batch_alter_table("account_lookup", schema=None) as batch_op:
        batch_op.create_index(
            "ix_account_lookup_contact",
            ["digest"],
            unique=False,
            postgresql_where=sa.text("NOT signs_in"),
            sqlite_where=sa.text("signs_in = 0"),
        )
        batch_op.create_index(
            "uq_account_lookup_signs_in",
            ["digest"],
            unique=True,
            postgresql_where=sa.text("signs_in"),
            sqlite_where=sa.text("signs_in = 1"),
        )

    op.create_table(
        "authenticator",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=True),
        sa.Column("verifier_mac", sa.LargeBinary(length=32), nullable=True),
        sa.Column("profile", sa.String(length=60), nullable=True),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("activated_at", columns.Instant(), nullable=True),
        sa.Column("last_used_at", columns.Instant(), nullable=True),
        sa.Column("disabled_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("authenticator", schema=None) as batch_op:
        batch_op.create_index("ix_authenticator_account", ["account_id", "kind"], unique=False)
        batch_op.create_index("ix_authenticator_profile", ["profile"], unique=False)

    op.create_table(
        "membership",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("organization_id", columns.UUIDType(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("started_at", columns.Instant(), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index("ix_membership_organization", ["organization_id"], unique=False)
        batch_op.create_index(
            "uq_membership_live",
            ["account_id", "organization_id"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("authenticator_id", columns.UUIDType(), nullable=False),
        sa.Column("used_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["authenticator_id"], ["authenticator.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("recovery_code", schema=None) as batch_op:
        batch_op.create_index("ix_recovery_code_authenticator", ["authenticator_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("recovery_code", schema=None) as batch_op:
        batch_op.drop_index("ix_recovery_code_authenticator")

    op.drop_table("recovery_code")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_membership_live", postgresql_where=sa.text("ended_at IS NULL"), sqlite_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("ix_membership_organization")

    op.drop_table("membership")
    with op.batch_alter_table("authenticator", schema=None) as batch_op:
        batch_op.drop_index("ix_authenticator_profile")
        batch_op.drop_index("ix_authenticator_account")

    op.drop_table("authenticator")
    with op.batch_alter_table("account_lookup", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_account_lookup_signs_in", postgresql_where=sa.text("signs_in"), sqlite_where=sa.text("signs_in = 1")
        )
        batch_op.drop_index(
            "ix_account_lookup_contact", postgresql_where=sa.text("NOT signs_in"), sqlite_where=sa.text("signs_in = 0")
        )

    op.drop_table("account_lookup")
    op.drop_table("account_import_reject")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index("ix_account_natural_person")

    op.drop_table("account")
    op.drop_table("organization")
    op.drop_table("natural_person")
    op.drop_table("agency")
    op.drop_table("account_import")
