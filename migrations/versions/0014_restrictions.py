"""Restrictions of accounts, and indexes for what staff search.

Revision 0014, after 0013. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_restriction",
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("until", columns.Instant(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("account_id", "kind"),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("restricted_until", columns.Instant(), nullable=True))
    with op.batch_alter_table("subject", schema=None) as batch_op:
        batch_op.create_index("ix_subject_sub", ["sub"], unique=False)
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index("ix_audit_actor", ["actor", "id"], unique=False)
        batch_op.create_index("ix_audit_action", ["action", "id"], unique=False)
        batch_op.create_index("ix_audit_request", ["request_id"], unique=False)
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_dead",
            ["lane", "settled_at"],
            unique=False,
            postgresql_where=sa.text("settled_at IS NOT NULL AND delivered_at IS NULL"),
            sqlite_where=sa.text("settled_at IS NOT NULL AND delivered_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_dead",
            postgresql_where=sa.text("settled_at IS NOT NULL AND delivered_at IS NULL"),
            sqlite_where=sa.text("settled_at IS NOT NULL AND delivered_at IS NULL"),
        )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_request")
        batch_op.drop_index("ix_audit_action")
        batch_op.drop_index("ix_audit_actor")
    with op.batch_alter_table("subject", schema=None) as batch_op:
        batch_op.drop_index("ix_subject_sub")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_column("restricted_until")
    op.drop_table("account_restriction")
