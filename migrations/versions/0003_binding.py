"""Sender-constrained codes and refresh tokens.

Revision 0003, after 0002. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("dpop_jkt", sa.String(length=43), nullable=True))

    with op.batch_alter_table("refresh_family", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bound_jkt", sa.String(length=43), nullable=True))
        batch_op.add_column(sa.Column("bound_x5t", sa.String(length=43), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("refresh_family", schema=None) as batch_op:
        batch_op.drop_column("bound_x5t")
        batch_op.drop_column("bound_jkt")

    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.drop_column("dpop_jkt")
