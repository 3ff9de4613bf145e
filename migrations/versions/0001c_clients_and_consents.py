"""The register of clients, and what people allow them.

Revision 0001c, after 0001b. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0001c"
down_revision = "0001b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client",
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("agency", sa.String(length=80), nullable=False),
        sa.Column("environment", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("not_before", columns.Instant(), nullable=True),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'suspended')", name="ck_client_state"),
        sa.ForeignKeyConstraint(
            ["agency"],
            ["agency.slug"],
        ),
        sa.PrimaryKeyConstraint("client_id"),
    )
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.create_index("ix_client_agency", ["agency"], unique=False)

    op.create_table(
        "client_name",
        sa.Column("skeleton", sa.String(length=200), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["client.client_id"],
        ),
        sa.PrimaryKeyConstraint("skeleton"),
    )
    with op.batch_alter_table("client_name", schema=None) as batch_op:
        batch_op.create_index("ix_client_name_client", ["client_id"], unique=False)

    op.create_table(
        "client_secret",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["client.client_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.create_index("ix_client_secret_client", ["client_id"], unique=False)
        batch_op.create_index("ix_client_secret_expires", ["expires_at"], unique=False)

    op.create_table(
        "client_version",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("content", columns.JSONText(), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("published_at", columns.Instant(), nullable=True),
        sa.CheckConstraint(
            "status IN ('draft', 'in_review', 'published', 'archived')", name="ck_client_version_status"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["client.client_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("client_id", "number", name="uq_client_version_number"),
    )
    with op.batch_alter_table("client_version", schema=None) as batch_op:
        batch_op.create_index(
            "uq_client_version_published",
            ["client_id"],
            unique=True,
            postgresql_where=sa.text("status = 'published'"),
            sqlite_where=sa.text("status = 'published'"),
        )

    op.create_table(
        "consent",
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("scopes", columns.JSONText(), nullable=False),
        sa.Column("claims", columns.JSONText(), nullable=False),
        sa.Column("declined", columns.JSONText(), nullable=False),
        sa.Column("first_granted_at", columns.Instant(), nullable=False),
        sa.Column("granted_at", columns.Instant(), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.Column("last_used_at", columns.Instant(), nullable=True),
        sa.Column("withdrawn_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("account_id", "client_id"),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("ix_consent_client", ["client_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_client")

    op.drop_table("consent")
    with op.batch_alter_table("client_version", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_client_version_published",
            postgresql_where=sa.text("status = 'published'"),
            sqlite_where=sa.text("status = 'published'"),
        )

    op.drop_table("client_version")
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.drop_index("ix_client_secret_expires")
        batch_op.drop_index("ix_client_secret_client")

    op.drop_table("client_secret")
    with op.batch_alter_table("client_name", schema=None) as batch_op:
        batch_op.drop_index("ix_client_name_client")

    op.drop_table("client_name")
    with op.batch_alter_table("client", schema=None) as batch_op:
        batch_op.drop_index("ix_client_agency")

    op.drop_table("client")
