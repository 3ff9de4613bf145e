"""Two indexes that cost less to write: settled messages only, and recoveries told by their action first. On PostgreSQL
what is erased from the record is cleared away by autovacuum at once, not when a fifth of the table has gone.

Revision 0023, after 0022. It works with the version before it, whose hunt for factors after a recovery reads more then,
and with the version after it. On PostgreSQL the indexes are made while the service goes on writing (CONCURRENTLY);
whatever an interrupted attempt left is made anew.
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_RECOVERY_CODE = "CAST(detail AS TEXT) LIKE '%\"recovery_code\"%'"


class _Index(NamedTuple):
    name: str
    table: str
    columns: tuple[str, ...]
    where: str | None
    where_before: str | None


_INDEXES = (
    _Index("ix_outbox_settled", "outbox_message", ("settled_at",), "settled_at IS NOT NULL", None),
    _Index(
        "ix_audit_recovered",
        "audit_event",
        ("account_id", "id"),
        f"action = 'authenticator.reset' OR (action IN ('session.opened', 'session.raised') AND {_RECOVERY_CODE})",
        f"action = 'authenticator.reset' OR {_RECOVERY_CODE}",
    ),
)


_VACUUM = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_threshold")


def upgrade() -> None:
    for one in _INDEXES:
        _remake(one, one.where)
    _set_vacuum("SET (" + ", ".join(f"{name} = 0" for name in _VACUUM) + ")")


def downgrade() -> None:
    for one in _INDEXES:
        _remake(one, one.where_before)
    _set_vacuum("RESET (" + ", ".join(_VACUUM) + ")")


def _set_vacuum(how: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE audit_detail {how}")


def _remake(one: _Index, condition: str | None) -> None:
    where = None if condition is None else sa.text(condition)
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(one.name, one.table)
        op.create_index(one.name, one.table, list(one.columns), sqlite_where=where)
        return
    with op.get_context().autocommit_block():
        # Over tens of millions of rows an index takes longer, and waits for the transactions that are under way.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        # Under a name of its own until it is whole, so that at no time a search has none.
        draft = f"{one.name}_new"
        op.drop_index(draft, one.table, postgresql_concurrently=True, if_exists=True)
        op.create_index(draft, one.table, list(one.columns), postgresql_where=where, postgresql_concurrently=True)
        op.drop_index(one.name, one.table, postgresql_concurrently=True, if_exists=True)
        op.execute(f"ALTER INDEX {draft} RENAME TO {one.name}")
        op.execute("SET statement_timeout = '5min'")
        op.execute("SET lock_timeout = '5s'")
