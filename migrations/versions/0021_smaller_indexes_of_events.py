"""Indexes over events hold what is searched by them only: a token's event is written into four fewer of them.

Revision 0021, after 0020. It works with the version before it, which finds by action and actor more slowly then, and
with the version after it. On PostgreSQL the indexes are made while the service goes on writing (CONCURRENTLY).
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


class _Index(NamedTuple):
    name: str
    columns: tuple[str, ...]
    where: str
    unique: bool = False


_UNCOMMON = "action NOT IN ('token.issued', 'token.refreshed')"
_INDEXES = (
    _Index("ix_audit_actor", ("actor", "id"), _UNCOMMON),
    _Index("ix_audit_action", ("action", "id"), _UNCOMMON),
    _Index("ix_audit_session", ("session_id", "id"), "session_id IS NOT NULL"),
    _Index("ux_audit_leaf", ("leaf_index",), "leaf_index IS NOT NULL", unique=True),
)


def upgrade() -> None:
    _remake(partial=True)


def downgrade() -> None:
    _remake(partial=False)


def _remake(*, partial: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for one in _INDEXES:
            op.drop_index(one.name, "audit_event")
            where = sa.text(one.where) if partial else None
            op.create_index(one.name, "audit_event", list(one.columns), unique=one.unique, sqlite_where=where)
        return
    with op.get_context().autocommit_block():
        # Over tens of millions of rows an index takes longer, and waits for the transactions that are under way.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        for one in _INDEXES:
            # Under a name of its own until it is whole, so that at no time a search, or what is unique, has none.
            draft = f"{one.name}_new"
            op.drop_index(draft, "audit_event", postgresql_concurrently=True, if_exists=True)
            where = sa.text(one.where) if partial else None
            op.create_index(
                draft,
                "audit_event",
                list(one.columns),
                unique=one.unique,
                postgresql_where=where,
                postgresql_concurrently=True,
            )
            op.drop_index(one.name, "audit_event", postgresql_concurrently=True, if_exists=True)
            op.execute(f"ALTER INDEX {draft} RENAME TO {one.name}")
        op.execute("SET statement_timeout = '5min'")
        op.execute("SET lock_timeout = '5s'")
