"""When an initial access token was last used, and when staff revoked it.

Revision 0025, after 0024. It works with the version before it and the version after it; that version goes on accepting
what is revoked: revoke tokens when every node runs the new one.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TABLE = "initial_access_token"


def upgrade() -> None:
    for name in ("last_used_at", "revoked_at"):
        op.add_column(_TABLE, sa.Column(name, columns.Instant(), nullable=True))


def downgrade() -> None:
    # What was revoked must not come back to life with the version before, which knows no such column.
    op.execute(f"UPDATE {_TABLE} SET uses_left = 0 WHERE revoked_at IS NOT NULL")  # noqa: S608 - the name is ours
    for name in ("revoked_at", "last_used_at"):
        op.drop_column(_TABLE, name)
