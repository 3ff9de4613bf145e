"""Mass endings.

Revision 0007, after 0006. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mass_ending",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("author_id", columns.UUIDType(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("chosen", columns.JSONText(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("began_until", columns.Instant(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("leased_until", columns.Instant(), nullable=True),
        sa.Column("finished_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["natural_person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("mass_ending", schema=None) as batch_op:
        batch_op.create_index("ix_mass_ending_author", ["author_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_mass_ending_running",
            ["created_at"],
            unique=False,
            postgresql_where=sa.text("finished_at IS NULL"),
            sqlite_where=sa.text("finished_at IS NULL"),
        )

    with op.batch_alter_table("client_session", schema=None) as batch_op:
        batch_op.create_index("ix_client_session_session", ["op_session_id"], unique=False)

    with op.batch_alter_table("op_session", schema=None) as batch_op:
        batch_op.create_index(
            "ix_op_session_network", ["network", "id"], unique=False, postgresql_ops={"network": "text_pattern_ops"}
        )


def downgrade() -> None:
    with op.batch_alter_table("op_session", schema=None) as batch_op:
        batch_op.drop_index("ix_op_session_network", postgresql_ops={"network": "text_pattern_ops"})

    with op.batch_alter_table("client_session", schema=None) as batch_op:
        batch_op.drop_index("ix_client_session_session")

    with op.batch_alter_table("mass_ending", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_mass_ending_running",
            postgresql_where=sa.text("finished_at IS NULL"),
            sqlite_where=sa.text("finished_at IS NULL"),
        )
        batch_op.drop_index("ix_mass_ending_author")

    op.drop_table("mass_ending")
