"""What was granted travels in the refresh tokens; a family's row only knows how far they have come (decision 0017).

Revision 0028, after 0027. It works with the version after it: stop every node of the version before it first. Refresh
tokens of that version end; who holds one is asked to sign in again.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_BEFORE = (
    sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
    sa.Column("account_id", columns.UUIDType(), nullable=False),
    sa.Column("client_id", sa.String(length=255), nullable=False),
    sa.Column("reference", sa.String(length=22), nullable=False),
    sa.Column("sid", sa.String(length=43), nullable=False),
    sa.Column("sub", sa.String(length=43), nullable=False),
    sa.Column("scope", sa.Text(), nullable=False),
    sa.Column("claims", columns.JSONText(), nullable=False),
    sa.Column("auth_time", columns.Instant(), nullable=False),
    sa.Column("acr", sa.String(length=40), nullable=False),
    sa.Column("amr", columns.JSONText(), nullable=False),
    sa.Column("bound_jkt", sa.String(length=43), nullable=True),
    sa.Column("bound_x5t", sa.String(length=43), nullable=True),
    sa.Column("resources", sa.Text(), nullable=True),
    sa.Column("authorization_details", columns.JSONText(), nullable=True),
)


def upgrade() -> None:
    # No token of the version before can be read any more, and the columns cannot be filled the other way either.
    op.execute("DELETE FROM refresh_family")
    with op.batch_alter_table("refresh_family") as batch_op:
        for column in _BEFORE:
            batch_op.drop_column(column.name)


def downgrade() -> None:
    op.execute("DELETE FROM refresh_family")
    with op.batch_alter_table("refresh_family") as batch_op:
        for column in _BEFORE:
            batch_op.add_column(column.copy())
