"""Indexes for lists over millions of rows, and where a mass ending has come to.

Revision 0018, after 0017. It works with the version before it and the version after it. On PostgreSQL the indexes are
made while the service goes on writing (CONCURRENTLY); whatever an interrupted attempt left is made anew.
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_DEAD = "settled_at IS NOT NULL AND delivered_at IS NULL"


class _Index(NamedTuple):
    name: str
    table: str
    columns: tuple[str, ...]
    where: str | None = None


_NEW = (
    _Index("ix_op_session_of_account", "op_session", ("account_id", "id")),
    *(
        _Index(f"ix_op_session_{kind}", "op_session", ("id",), f"CAST(factors AS TEXT) LIKE '%\"{kind}\"%'")
        for kind in ("password", "passkey", "totp", "recovery_code")
    ),
    _Index("ix_client_session_of_client", "client_session", ("client_id", "op_session_id")),
    _Index("ix_outbox_given_up", "outbox_message", ("settled_at",), _DEAD),
    _Index("ix_audit_session", "audit_event", ("session_id", "id")),
)
# The first new one begins with the same column.
_OLD = (_Index("ix_op_session_account", "op_session", ("account_id",)),)


def upgrade() -> None:
    _exchange(_NEW, _OLD)
    with op.batch_alter_table("mass_ending", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reached", columns.UUIDType(), nullable=True))


def downgrade() -> None:
    _exchange(_OLD, _NEW)
    with op.batch_alter_table("mass_ending", schema=None) as batch_op:
        batch_op.drop_column("reached")


def _exchange(made: tuple[_Index, ...], dropped: tuple[_Index, ...]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for one in made:
            _create(one)
        for one in dropped:
            op.drop_index(one.name, one.table)
        return
    with op.get_context().autocommit_block():
        # Over tens of millions of rows an index takes longer, and waits for the transactions that are under way.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        for one in made:
            op.drop_index(one.name, one.table, postgresql_concurrently=True, if_exists=True)
            _create(one, postgresql_concurrently=True)
        for one in dropped:
            op.drop_index(one.name, one.table, postgresql_concurrently=True, if_exists=True)
        op.execute("SET statement_timeout = '5min'")
        op.execute("SET lock_timeout = '5s'")


def _create(one: _Index, **options: bool) -> None:
    where = None if one.where is None else sa.text(one.where)
    op.create_index(one.name, one.table, list(one.columns), postgresql_where=where, sqlite_where=where, **options)
