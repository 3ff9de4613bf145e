"""Sessions found by their device, by what their factors prove, and by signs of risk.

Revision 0030, after 0029. It works with the version before it, which leaves the new columns as they are by default, and
with the version after it. On PostgreSQL the indexes are made while the service goes on writing (CONCURRENTLY). Of the
sessions there are, the journeys that were noted and the recovery codes become signs; their devices are not known.
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_SESSION, _ATTEMPT = "op_session", "sign_in_attempt"
_LEVEL = (
    "(CASE WHEN CAST(factors AS TEXT) LIKE '%\"attested_passkey\"%' THEN 3"
    " WHEN CAST(factors AS TEXT) LIKE '%\"passkey\"%' OR CAST(factors AS TEXT) LIKE '%\"password\"%'"
    " AND (CAST(factors AS TEXT) LIKE '%\"totp\"%' OR CAST(factors AS TEXT) LIKE '%\"recovery_code\"%') THEN 2"
    " ELSE 1 END)"
)


class _Index(NamedTuple):
    name: str
    columns: tuple[str, ...]
    where: str
    include: tuple[str, ...] = ()


_INDEXES = (
    *(_Index(f"ix_op_session_aal{level}", ("id",), f"{_LEVEL} = {level}") for level in (1, 2, 3)),
    _Index("ix_op_session_device", ("device_id", "id"), "device_id IS NOT NULL"),
    _Index("ix_op_session_risk_of_account", ("account_id", "id"), "risk <> 0", ("risk",)),
    _Index("ix_op_session_risk_any", ("id",), "risk <> 0"),
    _Index("ix_op_session_risk_new_device", ("id",), "(risk & 1) <> 0"),
    _Index("ix_op_session_risk_recovery_code", ("id",), "(risk & 2) <> 0"),
    _Index("ix_op_session_risk_after_failures", ("id",), "(risk & 4) <> 0"),
    _Index("ix_op_session_risk_impossible_travel", ("id",), "(risk & 8) <> 0"),
)
_SIGNS = (
    "UPDATE op_session SET risk = risk | 2 WHERE CAST(factors AS TEXT) LIKE '%\"recovery_code\"%'",
    "UPDATE op_session SET risk = risk | 8 WHERE id IN (SELECT id FROM travel WHERE speed > 900)",
)


def upgrade() -> None:
    added = (
        (_SESSION, sa.Column("device_id", columns.UUIDType(), nullable=True)),
        (_SESSION, sa.Column("risk", sa.Integer(), server_default="0", nullable=False)),
        (_ATTEMPT, sa.Column("follows_failures", sa.Boolean(), server_default=sa.false(), nullable=False)),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table, column in added:
            with op.batch_alter_table(table, schema=None) as batch_op:
                batch_op.add_column(column)
        for one in _INDEXES:
            _create(one)
    else:
        with op.get_context().autocommit_block():
            for table, column in added:
                op.add_column(table, column, if_not_exists=True)
            # Over tens of millions of rows an index takes longer, and waits for the transactions that are under way.
            op.execute("SET statement_timeout = 0")
            op.execute("SET lock_timeout = 0")
            for one in _INDEXES:
                op.drop_index(one.name, _SESSION, postgresql_concurrently=True, if_exists=True)
                _create(one, postgresql_concurrently=True)
            op.execute("SET statement_timeout = '5min'")
            op.execute("SET lock_timeout = '5s'")
    for statement in _SIGNS:
        op.execute(statement)


def downgrade() -> None:
    for one in _INDEXES:
        op.drop_index(one.name, _SESSION)
    with op.batch_alter_table(_ATTEMPT, schema=None) as batch_op:
        batch_op.drop_column("follows_failures")
    with op.batch_alter_table(_SESSION, schema=None) as batch_op:
        batch_op.drop_column("risk")
        batch_op.drop_column("device_id")


def _create(one: _Index, **options: bool) -> None:
    where = sa.text(one.where)
    op.create_index(
        one.name,
        _SESSION,
        list(one.columns),
        postgresql_where=where,
        sqlite_where=where,
        postgresql_include=list(one.include),
        **options,
    )
