"""Provisioning by SCIM.

Revision 0012, after 0011. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STAFF = sa.text("agency IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "provisioned_member",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("opened_here", sa.Boolean(), nullable=False),
        sa.Column("changed_at", columns.Instant(), nullable=False),
        sa.Column("deactivated_at", columns.Instant(), nullable=True),
        sa.Column("deleted_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("account", sa.Column("access_ended_at", columns.Instant(), nullable=True))
    op.create_index("ix_account_agency", "account", ["agency", "id"], postgresql_where=_STAFF, sqlite_where=_STAFF)


def downgrade() -> None:
    op.drop_index("ix_account_agency", table_name="account")
    with op.batch_alter_table("account") as batch_op:
        batch_op.drop_column("access_ended_at")
    op.drop_table("provisioned_member")
