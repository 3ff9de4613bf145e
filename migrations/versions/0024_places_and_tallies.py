"""Sessions and events found by region and operator; events tallied by what they say; people of a site; accounts listed.

Revision 0024, after 0023. It works with the version before it, which leaves the new columns empty, and with the version
after it. On PostgreSQL the indexes are made while the service goes on writing (CONCURRENTLY).
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


class _Index(NamedTuple):
    name: str
    table: str
    columns: tuple[str, ...]
    where: str | None


_INDEXES = (
    _Index("ix_op_session_region", "op_session", ("region", "id"), "region IS NOT NULL"),
    _Index("ix_op_session_operator", "op_session", ("operator", "id"), "operator IS NOT NULL"),
    _Index("ix_audit_detail_region", "audit_detail", ("region_index", "event_id"), "region_index IS NOT NULL"),
    _Index("ix_audit_detail_operator", "audit_detail", ("operator_index", "event_id"), "operator_index IS NOT NULL"),
    _Index("ix_account_kind", "account", ("kind", "id"), "kind <> 'citizen'"),
    _Index("ix_account_locked", "account", ("id",), "locked_at IS NOT NULL"),
    _Index("ix_account_closed", "account", ("id",), "closed_at IS NOT NULL"),
    _Index("ix_account_restricted", "account", ("id",), "restricted_until IS NOT NULL"),
    _Index(
        "ix_account_required",
        "account",
        ("id",),
        "reset_credential_until IS NOT NULL OR reprove_identity_until IS NOT NULL",
    ),
    _Index("ix_natural_person_ial", "natural_person", ("ial",), None),
    _Index("ix_authenticator_kind", "authenticator", ("kind", "account_id"), "kind <> 'password'"),
)
_COLUMNS = {
    "op_session": (
        ("region", sa.String(length=90)),
        ("operator", sa.String(length=120)),
    ),
    "audit_detail": (
        ("region_index", sa.LargeBinary(length=16)),
        ("operator_index", sa.LargeBinary(length=16)),
    ),
}
# The charts show a day. What a worker of the version before seals meanwhile is missing in them that long.
_SIGN_INS = {
    "postgresql": """
        INSERT INTO audit_tally (bucket, series, label, count)
        SELECT occurred_at / 300000000, 'sign_in',
               (SELECT string_agg(value, '+' ORDER BY place)
                FROM jsonb_array_elements_text(detail -> 'factors') WITH ORDINALITY AS used (value, place)),
               count(*)
        FROM audit_event
        WHERE leaf_index IS NOT NULL AND action = 'session.opened'
          AND occurred_at >= (SELECT max(occurred_at) - 90000000000 FROM audit_event)
        GROUP BY 1, 3
    """,
    "sqlite": """
        INSERT INTO audit_tally (bucket, series, label, count)
        SELECT occurred_at / 300000000, 'sign_in',
               (SELECT group_concat(value, '+') FROM json_each(detail, '$.factors')),
               count(*)
        FROM audit_event
        WHERE leaf_index IS NOT NULL AND action = 'session.opened'
          AND occurred_at >= (SELECT max(occurred_at) - 90000000000 FROM audit_event)
        GROUP BY 1, 3
    """,
}
_PASSKEYS_REFUSED = """
    INSERT INTO audit_tally (bucket, series, label, count)
    SELECT occurred_at / 300000000, 'passkey_refused', '', count(*)
    FROM audit_event
    WHERE leaf_index IS NOT NULL AND action = 'sign_in.passkey_refused'
      AND occurred_at >= (SELECT max(occurred_at) - 90000000000 FROM audit_event)
    GROUP BY 1
"""


def upgrade() -> None:
    # First what is committed step by step: an attempt that was interrupted goes on there.
    _place()
    op.create_table(
        "client_usage",
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("client_id"),
    )
    op.create_table(
        "audit_tally",
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "series", "label"),
    )
    op.execute(_SIGN_INS[op.get_bind().dialect.name])
    op.execute(_PASSKEYS_REFUSED)


def downgrade() -> None:
    op.drop_table("audit_tally")
    op.drop_table("client_usage")
    for one in _INDEXES:
        op.drop_index(one.name, one.table)
    for table, added in _COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in added:
                batch_op.drop_column(column[0])


def _place() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table, added in _COLUMNS.items():
            with op.batch_alter_table(table, schema=None) as batch_op:
                for column in added:
                    batch_op.add_column(sa.Column(*column))
        for one in _INDEXES:
            _create(one)
        return
    with op.get_context().autocommit_block():
        for table, added in _COLUMNS.items():
            for column in added:
                op.add_column(table, sa.Column(*column), if_not_exists=True)
        # Over tens of millions of rows an index takes longer, and waits for the transactions that are under way.
        op.execute("SET statement_timeout = 0")
        op.execute("SET lock_timeout = 0")
        for one in _INDEXES:
            op.drop_index(one.name, one.table, postgresql_concurrently=True, if_exists=True)
            _create(one, postgresql_concurrently=True)
        op.execute("SET statement_timeout = '5min'")
        op.execute("SET lock_timeout = '5s'")


def _create(one: _Index, **options: bool) -> None:
    where = None if one.where is None else sa.text(one.where)
    op.create_index(one.name, one.table, list(one.columns), postgresql_where=where, sqlite_where=where, **options)
