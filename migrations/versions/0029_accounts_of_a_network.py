"""How many accounts a network has is told by an index alone: on PostgreSQL it holds the account too.

Revision 0029, after 0028. It works with the version before it and with the version after it. On PostgreSQL the index is
made while the service goes on writing (CONCURRENTLY); whatever an interrupted attempt left is made anew.
"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_NAME, _TABLE = "ix_op_session_network", "op_session"


def upgrade() -> None:
    _remake(["account_id"])


def downgrade() -> None:
    _remake([])


def _remake(include: list[str]) -> None:
    # SQLite's indexes include nothing but what they are ordered by.
    if op.get_bind().dialect.name == "sqlite":
        return
    with op.get_context().autocommit_block():
        # Over tens of millions of rows an index takes longer, and waits for the transactions that are under way.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        # Under a name of its own until it is whole, so that at no time a search has none.
        draft = f"{_NAME}_new"
        op.drop_index(draft, _TABLE, postgresql_concurrently=True, if_exists=True)
        op.create_index(
            draft,
            _TABLE,
            ["network", "id"],
            postgresql_ops={"network": "text_pattern_ops"},
            postgresql_include=include,
            postgresql_concurrently=True,
        )
        op.drop_index(_NAME, _TABLE, postgresql_concurrently=True, if_exists=True)
        op.execute(f"ALTER INDEX {draft} RENAME TO {_NAME}")
        op.execute("SET statement_timeout = '5min'")
        op.execute("SET lock_timeout = '5s'")
