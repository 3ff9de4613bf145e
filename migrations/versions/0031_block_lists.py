"""Block and allow lists, and the versions of lists that every process holds in memory (decision 0019).

Revision 0031, after 0030. It works with the version before it, which asks neither, and with the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_version",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "block_entry",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("effect", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.Column("ended_by", sa.String(length=120), nullable=True),
        sa.Column("end_reason", sa.String(length=500), nullable=True),
        sa.CheckConstraint("effect IN ('block', 'allow')", name="ck_block_entry_effect"),
        sa.CheckConstraint("kind IN ('network', 'operator', 'device', 'mail_domain')", name="ck_block_entry_kind"),
        sa.CheckConstraint("expires_at > created_at", name="ck_block_entry_expiry"),
        sa.CheckConstraint("(kind = 'device') = (digest IS NOT NULL)", name="ck_block_entry_digest"),
        sa.PrimaryKeyConstraint("id"),
    )
    listed = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_block_entry_listed",
        "block_entry",
        ["effect", "kind", "value"],
        unique=True,
        postgresql_where=listed,
        sqlite_where=listed,
    )
    op.create_index("ix_block_entry_expiry", "block_entry", ["expires_at"])
    op.create_index("ix_block_entry_actor", "block_entry", ["actor", "created_at"])


def downgrade() -> None:
    op.drop_table("block_entry")
    op.drop_table("list_version")
