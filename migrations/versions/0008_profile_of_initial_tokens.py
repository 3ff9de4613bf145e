"""The profile of the clients that an initial access token admits.

Revision 0008, after 0007. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "initial_access_token", sa.Column("profile", sa.String(length=20), server_default="standard", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("initial_access_token", "profile")
