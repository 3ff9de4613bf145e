"""Another officer says of each power every 90 days whether it is still needed.

Revision 0034, after 0033. It works with the version before it, which leaves the column as it is, and with the version
after it. A power that was given before counts from when it was given.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("officer_power", sa.Column("reviewed_at", columns.Instant(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("officer_power") as batch_op:
        batch_op.drop_column("reviewed_at")
