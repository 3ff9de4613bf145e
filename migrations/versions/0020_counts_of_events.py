"""Events counted as they are sealed, an index of recoveries, and room for rows that are written again.

Revision 0020, after 0019. It works with the version before it and the version after it. On PostgreSQL the index is made
while the service goes on writing (CONCURRENTLY).
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_WRITTEN_AGAIN = ("op_session", "authorization_grant")


_RECOVERED = "action = 'authenticator.reset' OR CAST(detail AS TEXT) LIKE '%\"recovery_code\"%'"


def upgrade() -> None:
    _index_recoveries()
    op.create_table(
        "audit_count",
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "action"),
    )
    # The longest chart shows a day. What a worker of the version before seals meanwhile is missing in it that long.
    op.execute(
        "INSERT INTO audit_count (bucket, action, count) SELECT occurred_at / 300000000, action, count(*)"
        " FROM audit_event WHERE leaf_index IS NOT NULL"
        " AND occurred_at >= (SELECT max(occurred_at) - 90000000000 FROM audit_event) GROUP BY 1, 2"
    )
    if op.get_bind().dialect.name == "postgresql":
        # Room on each page for the next version of a row that is touched or ended, so that its indexes stay as they are.
        for table in _WRITTEN_AGAIN:
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 85)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _WRITTEN_AGAIN:
            op.execute(f"ALTER TABLE {table} RESET (fillfactor)")
    op.drop_table("audit_count")
    op.drop_index("ix_audit_recovered", "audit_event")


def _index_recoveries() -> None:
    arguments = ("ix_audit_recovered", "audit_event", ["account_id", "id"])
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(*arguments, sqlite_where=sa.text(_RECOVERED))
        return
    with op.get_context().autocommit_block():
        # Over tens of millions of rows an index takes longer, and waits for the transactions that are under way.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        op.drop_index(*arguments[:2], postgresql_concurrently=True, if_exists=True)
        op.create_index(*arguments, postgresql_where=sa.text(_RECOVERED), postgresql_concurrently=True)
        op.execute("SET statement_timeout = '5min'")
        op.execute("SET lock_timeout = '5s'")
