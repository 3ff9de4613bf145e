"""The tree over the audit record, and triggers that let nobody rewrite it.

Revision 0010, after 0009. It works with the version before it and the version after it: what the former records has no
commitment, so that the network of those events is not part of the proof.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# What the sealer and an erasure write; every other column is as it was inserted.
_WRITTEN_ONCE = (
    "id, occurred_at, action, actor, account_id, client_id, session_id, reason, request_id, network_commitment, detail"
)
# Name of the trigger, the event it refuses, and when.
_REFUSALS = (
    ("audit_event_keeps_rows", "DELETE", ""),
    ("audit_event_keeps_values", f"UPDATE OF {_WRITTEN_ONCE}", ""),
    ("audit_event_keeps_places", "UPDATE OF leaf_index", "OLD.leaf_index IS NOT NULL"),
    ("audit_event_only_erases", "UPDATE OF network, salt", "NEW.network IS NOT NULL OR NEW.salt IS NOT NULL"),
)
_MESSAGE = "audit_event is append-only"


def upgrade() -> None:
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", columns.Instant(), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=True),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(head.insert().values(id=1, size=0, fence=0, leased_until=columns.moment_of(0)))
    op.create_table(
        "audit_tile",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tile_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "tile_index"),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("network_commitment", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("salt", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("leaf_index", sa.BigInteger(), nullable=True))
        batch_op.create_index(
            "ix_audit_unsealed",
            ["id"],
            unique=False,
            postgresql_where=sa.text("leaf_index IS NULL"),
            sqlite_where=sa.text("leaf_index IS NULL"),
        )
        batch_op.create_index("ux_audit_leaf", ["leaf_index"], unique=True)
    _refuse_changes()


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, _, _ in _REFUSALS:
        op.execute(f"DROP TRIGGER {name}" if is_sqlite else f"DROP TRIGGER {name} ON audit_event")
    if not is_sqlite:
        op.execute("DROP TRIGGER audit_event_keeps_all ON audit_event")
        op.execute("DROP FUNCTION audit_event_refuse()")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ux_audit_leaf")
        batch_op.drop_index("ix_audit_unsealed")
        batch_op.drop_column("leaf_index")
        batch_op.drop_column("salt")
        batch_op.drop_column("network_commitment")
    op.drop_table("audit_tile")
    op.drop_table("audit_head")
    op.drop_table("audit_checkpoint")


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, event, condition in _REFUSALS:
            when = f"WHEN {condition}" if condition else ""
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON audit_event {when} BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for name, event, condition in _REFUSALS:
        when = f"WHEN ({condition})" if condition else ""
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON audit_event FOR EACH ROW {when} EXECUTE FUNCTION audit_event_refuse()"
        )
    op.execute(
        "CREATE TRIGGER audit_event_keeps_all BEFORE TRUNCATE ON audit_event"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()"
    )
