"""Announcements on the sign-in pages.

Revision 0032, after 0031. It works with the version before it, which shows none, and with the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "banner",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("text_zh", sa.String(length=200), nullable=False),
        sa.Column("text_en", sa.String(length=200), nullable=False),
        sa.Column("about", sa.String(length=20), nullable=False),
        sa.Column("starts_at", columns.Instant(), nullable=False),
        sa.Column("ends_at", columns.Instant(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("withdrawn_at", columns.Instant(), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name="ck_banner_times"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_banner_end", "banner", ["ends_at"])


def downgrade() -> None:
    op.drop_table("banner")
