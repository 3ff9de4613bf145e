"""What a stopped client or replaced keys have made void is ended in batches: their table, and an index to offline grants.

Revision 0027, after 0026. It works with the version before it, which ends all in one transaction and carries out no
sweep, and with the version after it. On PostgreSQL the index is made while the service goes on writing (CONCURRENTLY).
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_GRANTS = "ix_grant_offline"
_RUNNING = sa.text("finished_at IS NULL")


def upgrade() -> None:
    # First what is committed by itself: an attempt that was interrupted goes on there.
    _index_grants()
    op.create_table(
        "session_sweep",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=True),
        sa.Column("began_until", columns.Instant(), nullable=False),
        sa.Column("end_reason", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("client_sessions", sa.Integer(), nullable=False),
        sa.Column("grants", sa.Integer(), nullable=False),
        sa.Column("reached", columns.UUIDType(), nullable=True),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("leased_until", columns.Instant(), nullable=True),
        sa.Column("finished_at", columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_session_sweep_running",
        "session_sweep",
        ["client_id", "began_until"],
        postgresql_where=_RUNNING,
        sqlite_where=_RUNNING,
    )


def downgrade() -> None:
    op.drop_table("session_sweep")
    op.drop_index(_GRANTS, "authorization_grant")


def _index_grants() -> None:
    where = sa.text("is_offline AND ended_at IS NULL")
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(_GRANTS, "authorization_grant", ["client_id", "id"], sqlite_where=where)
        return
    with op.get_context().autocommit_block():
        # Over tens of millions of rows an index takes longer, and waits for the transactions that are under way.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        op.drop_index(_GRANTS, "authorization_grant", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            _GRANTS, "authorization_grant", ["client_id", "id"], postgresql_where=where, postgresql_concurrently=True
        )
        op.execute("SET statement_timeout = '5min'")
        op.execute("SET lock_timeout = '5s'")
