"""Journeys of the hunt for impossible travel, noted by the worker.

Revision 0026, after 0025. It works with the version before it, which goes on looking for journeys by itself, and with the
version after it. The worker begins with the sign-ins of the last day.
"""

from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_DAY_IN_MILLISECONDS = timedelta(days=1) // timedelta(milliseconds=1)
_TIME_OF_UUID7 = 80
_EVENT = sa.table("audit_event", sa.column("id", columns.UUIDType()), sa.column("leaf_index", sa.BigInteger()))
_HEAD = sa.table("audit_head", sa.column("size", sa.BigInteger()))


def upgrade() -> None:
    op.create_table(
        "travel",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("before_id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("kilometres", sa.Integer(), nullable=False),
        sa.Column("speed", sa.Integer(), nullable=False),
        sa.Column("judged_at", columns.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["op_session.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["before_id"], ["op_session.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    fast = sa.text("speed > 900")
    op.create_index("ix_travel_fast", "travel", ["id"], postgresql_where=fast, sqlite_where=fast)
    op.create_index("ix_travel_before", "travel", ["before_id"])
    progress = op.create_table(
        "travel_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_travel_progress_one"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(progress.insert().values(id=1, reached=_leaf_of_a_day_ago(op.get_bind())))


def downgrade() -> None:
    op.drop_table("travel_progress")
    op.drop_table("travel")


def _leaf_of_a_day_ago(connection: sa.Connection) -> int:
    """Return the leaf of the first event of the last day that has one, by the ids' own times; else the next leaf."""
    latest: UUID | None = connection.scalar(sa.select(_EVENT.c.id).order_by(_EVENT.c.id.desc()).limit(1))
    found: int | None = None
    if latest is not None:
        began = max((latest.int >> _TIME_OF_UUID7) - _DAY_IN_MILLISECONDS, 0)
        recent = (_EVENT.c.id >= UUID(int=began << _TIME_OF_UUID7), _EVENT.c.leaf_index.is_not(None))
        found = connection.scalar(sa.select(_EVENT.c.leaf_index).where(*recent).order_by(_EVENT.c.id).limit(1))
    size: int = connection.scalar(sa.select(_HEAD.c.size)) or 0
    return size if found is None else found
