"""Grants are listed by account, by service and altogether, latest first; a refresh token that does not rotate says when
it was used last.

Revision 0033, after 0032. It works with the version before it, which leaves the new column empty, and with the version
after it. On PostgreSQL the indexes are made while the service goes on writing (CONCURRENTLY); whatever an interrupted
attempt left is made anew.
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_TABLE = "authorization_grant"
_LIVE_OFFLINE = "is_offline AND ended_at IS NULL"


class _Index(NamedTuple):
    name: str
    columns: tuple[str, ...]
    before: tuple[str, ...]
    where: str | None = None


_INDEXES = (
    _Index("ix_grant_account", ("account_id", "id", "client_id"), ("account_id", "client_id")),
    _Index("ix_grant_client", ("client_id", "id"), ("client_id",)),
    _Index("ix_grant_offline_latest", ("id",), (), _LIVE_OFFLINE),
    _Index("ix_grant_offline_ever", ("id",), (), "is_offline"),
    _Index("ix_grant_offline_of_client", ("client_id", "id"), (), "is_offline"),
)


def upgrade() -> None:
    for one in _INDEXES:
        _remake(one, one.columns)
    # Last, because what comes before commits by itself: an attempt that was interrupted begins anew.
    op.add_column("refresh_family", sa.Column("used_at", columns.Instant(), nullable=True))


def downgrade() -> None:
    for one in _INDEXES:
        _remake(one, one.before)
    with op.batch_alter_table("refresh_family") as batch_op:
        batch_op.drop_column("used_at")


def _remake(one: _Index, keys: tuple[str, ...]) -> None:
    where = None if one.where is None else sa.text(one.where)
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(one.name, _TABLE, if_exists=True)
        if keys:
            op.create_index(one.name, _TABLE, list(keys), sqlite_where=where)
        return
    with op.get_context().autocommit_block():
        # Over tens of millions of rows an index takes longer, and waits for the transactions that are under way.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        # Under a name of its own until it is whole, so that at no time a search has none.
        draft = f"{one.name}_new"
        op.drop_index(draft, _TABLE, postgresql_concurrently=True, if_exists=True)
        if keys:
            op.create_index(draft, _TABLE, list(keys), postgresql_where=where, postgresql_concurrently=True)
        op.drop_index(one.name, _TABLE, postgresql_concurrently=True, if_exists=True)
        if keys:
            op.execute(f"ALTER INDEX {draft} RENAME TO {one.name}")
        op.execute("SET statement_timeout = '5min'")
        op.execute("SET lock_timeout = '5s'")
