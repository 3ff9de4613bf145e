"""Officers and changes.

Revision 0006, after 0005. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bootstrap_code",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.Column("used_by", columns.UUIDType(), nullable=True),
        sa.ForeignKeyConstraint(
            ["used_by"],
            ["natural_person.id"],
        ),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("used_by"),
    )
    op.create_table(
        "change_request",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("target", sa.String(length=255), nullable=False),
        sa.Column("author_id", columns.UUIDType(), nullable=False),
        sa.Column("content", columns.JSONText(), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("approvals_needed", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.Column("decided_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["natural_person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("id", "author_id", "content_digest", name="uq_change_request_content"),
    )
    with op.batch_alter_table("change_request", schema=None) as batch_op:
        batch_op.create_index(
            "ix_change_request_open",
            ["created_at"],
            unique=False,
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )
        batch_op.create_index("ix_change_request_target", ["kind", "target"], unique=False)

    op.create_table(
        "approval",
        sa.Column("request_id", columns.UUIDType(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("author_id", columns.UUIDType(), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("approver_id", columns.UUIDType(), nullable=False),
        sa.Column("approved_at", columns.Instant(), nullable=False),
        sa.CheckConstraint("approver_id <> author_id", name="ck_approval_not_by_author"),
        sa.CheckConstraint("slot IN (1, 2)", name="ck_approval_slot"),
        sa.ForeignKeyConstraint(
            ["approver_id"],
            ["natural_person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "author_id", "content_digest"],
            ["change_request.id", "change_request.author_id", "change_request.content_digest"],
            name="fk_approval_content",
        ),
        sa.PrimaryKeyConstraint("request_id", "slot"),
        sa.UniqueConstraint("request_id", "approver_id", name="uq_approval_approver"),
    )
    op.create_table(
        "officer_power",
        sa.Column("person_id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("power", sa.String(length=20), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=True),
        sa.Column("granted_at", columns.Instant(), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.CheckConstraint(
            "power IN ('system', 'security', 'audit', 'delegate', 'help_desk')", name="ck_officer_power"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["natural_person.id"],
        ),
        sa.PrimaryKeyConstraint("person_id"),
        sa.UniqueConstraint("account_id"),
    )
    with op.batch_alter_table("op_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("surface", sa.String(length=10), server_default="provider", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("op_session", schema=None) as batch_op:
        batch_op.drop_column("surface")

    op.drop_table("officer_power")
    op.drop_table("approval")
    with op.batch_alter_table("change_request", schema=None) as batch_op:
        batch_op.drop_index("ix_change_request_target")
        batch_op.drop_index(
            "ix_change_request_open", postgresql_where=sa.text("state = 'open'"), sqlite_where=sa.text("state = 'open'")
        )

    op.drop_table("change_request")
    op.drop_table("bootstrap_code")
