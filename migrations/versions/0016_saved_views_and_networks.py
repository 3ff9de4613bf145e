"""Saved views of officers, the table of networks that operators load, and when a client was last signed in to.

Revision 0016, after 0015. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("person_id", columns.UUIDType(), nullable=False),
        sa.Column("section", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("filters", columns.JSONText(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["natural_person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "section", "name", name="uq_saved_view_name"),
    )
    op.create_table(
        "network_range",
        sa.Column("load_id", columns.UUIDType(), nullable=False),
        sa.Column("family", sa.SmallInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=80), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("operator", sa.String(length=120), nullable=False),
        sa.Column("asn", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("load_id", "family", "first", "last"),
    )
    op.create_table(
        "network_table",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("load_id", columns.UUIDType(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("ranges", sa.Integer(), nullable=False),
        sa.Column("loaded_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("client_session", schema=None) as batch_op:
        batch_op.drop_index("ix_client_session_client")
        batch_op.create_index("ix_client_session_client", ["client_id", "created_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("client_session", schema=None) as batch_op:
        batch_op.drop_index("ix_client_session_client")
        batch_op.create_index("ix_client_session_client", ["client_id"], unique=False)
    op.drop_table("network_table")
    op.drop_table("network_range")
    op.drop_table("saved_view")
