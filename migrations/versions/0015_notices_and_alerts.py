"""Notices, alert rules and what they found, and credentials whose end was announced.

Revision 0015, after 0014. It works with the version before it and the version after it: all tables are new.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=True),
        sa.Column("client_id", sa.String(length=255), nullable=True),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("details", columns.JSONText(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "alert_rule",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("hunt", sa.String(length=40), nullable=False),
        sa.Column("window_seconds", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.CheckConstraint("window_seconds > 0", name="ck_alert_rule_window"),
        sa.CheckConstraint("threshold > 0", name="ck_alert_rule_threshold"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "alert",
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("raised_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("source", "subject"),
    )
    op.create_index("ix_alert_raised", "alert", ["raised_at"], unique=False)
    op.create_table(
        "expiry_notice",
        sa.Column("credential", sa.String(length=200), nullable=False),
        sa.Column("days_before", sa.SmallInteger(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("ends_at", columns.Instant(), nullable=False),
        sa.Column("sent_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("credential", "days_before"),
    )
    op.create_index("ix_expiry_notice_ends", "expiry_notice", ["ends_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_expiry_notice_ends", table_name="expiry_notice")
    op.drop_table("expiry_notice")
    op.drop_index("ix_alert_raised", table_name="alert")
    op.drop_table("alert")
    op.drop_table("alert_rule")
    op.drop_table("notice")
