"""A consent keeps which words said what for, so that other words are asked about (PIPL article 14).

Revision 0035, after 0034. It works with the version before it, which leaves the column as it is, and with the version
after it. A consent that was given before holds for whatever is told, until it is decided anew.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent", sa.Column("purposes", columns.JSONText(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("consent") as batch_op:
        batch_op.drop_column("purposes")
