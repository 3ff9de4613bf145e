"""Personal values of events encrypted in a table of their own; a published version bound to what was approved.

Revision 0017, after 0016. It works with the version after it. Stop the workers of the version before it first: they
would seal events with more than one personal value in the older form of the leaf.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_KEEPS_COMMITMENTS = "audit_event_keeps_commitments"
_MESSAGE = "audit_event is append-only"
_ENVIRONMENT = {
    "postgresql": "content -> 'policy' ->> 'environment'",
    "sqlite": "json_extract(content, '$.policy.environment')",
}


def upgrade() -> None:
    op.create_table(
        "audit_detail",
        sa.Column("event_id", columns.UUIDType(), nullable=False),
        sa.Column("opening", sa.LargeBinary(), nullable=False),
        sa.Column("network_index", sa.LargeBinary(length=16), nullable=True),
        sa.PrimaryKeyConstraint("event_id"),
    )
    indexed = sa.text("network_index IS NOT NULL")
    op.create_index(
        "ix_audit_detail_network",
        "audit_detail",
        ["network_index", "event_id"],
        postgresql_where=indexed,
        sqlite_where=indexed,
    )
    # Not as a batch: SQLite would make the table anew, without its triggers.
    op.add_column("audit_event", sa.Column("commitments", columns.JSONText(), nullable=True))
    in_clear = sa.text("network IS NOT NULL")
    op.create_index("ix_audit_in_clear", "audit_event", ["id"], postgresql_where=in_clear, sqlite_where=in_clear)
    _refuse_changes_of_commitments()
    _bind_what_is_in_force()


def downgrade() -> None:
    _unbind()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"DROP TRIGGER {_KEEPS_COMMITMENTS}" + ("" if is_sqlite else " ON audit_event"))
    op.drop_index("ix_audit_in_clear", "audit_event")
    op.drop_column("audit_event", "commitments")
    op.drop_table("audit_detail")


def _refuse_changes_of_commitments() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {_KEEPS_COMMITMENTS} BEFORE UPDATE OF commitments ON audit_event"
            f" BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
        return
    op.execute(
        f"CREATE TRIGGER {_KEEPS_COMMITMENTS} BEFORE UPDATE OF commitments ON audit_event"
        " FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()"
    )


def _bind_what_is_in_force() -> None:
    for table in ("change_request", "approval"):
        op.add_column(table, sa.Column("subject_digest", sa.LargeBinary(length=32), nullable=True))
    op.add_column("approval", sa.Column("target", sa.String(length=255), nullable=True))
    op.add_column("approval", sa.Column("after_slot", sa.SmallInteger(), nullable=True))
    _fill()
    with op.batch_alter_table("change_request", schema=None) as batch_op:
        batch_op.alter_column("subject_digest", existing_type=sa.LargeBinary(length=32), nullable=False)
        batch_op.create_unique_constraint("uq_change_request_subject", ["id", "target", "subject_digest"])
    with op.batch_alter_table("client_version", schema=None) as batch_op:
        batch_op.drop_constraint("fk_client_version_approval", type_="foreignkey")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.alter_column("subject_digest", existing_type=sa.LargeBinary(length=32), nullable=False)
        batch_op.alter_column("target", existing_type=sa.String(length=255), nullable=False)
        batch_op.create_unique_constraint("uq_approval_subject", ["request_id", "slot", "target", "subject_digest"])
        batch_op.create_check_constraint("ck_approval_order", "coalesce(after_slot, 0) = slot - 1")
        batch_op.create_foreign_key(
            "fk_approval_subject",
            "change_request",
            ["request_id", "target", "subject_digest"],
            ["id", "target", "subject_digest"],
        )
        batch_op.create_foreign_key(
            "fk_approval_order", "approval", ["request_id", "after_slot"], ["request_id", "slot"]
        )
    # A registration that names no environment is one of production: none is in force unapproved by leaving it out.
    environment = f"coalesce({_ENVIRONMENT[op.get_context().dialect.name]}, 'production')"
    with op.batch_alter_table("client_version", schema=None) as batch_op:
        batch_op.create_foreign_key(
            "fk_client_version_approval",
            "approval",
            ["change_request_id", "approvals", "client_id", "content_digest"],
            ["request_id", "slot", "target", "subject_digest"],
        )
        batch_op.drop_constraint("ck_client_version_approved", type_="check")
        batch_op.create_check_constraint("ck_client_version_approved", _approved(environment))


def _approved(environment: str) -> str:
    approved = "change_request_id IS NOT NULL AND coalesce(approvals, 0) = 2"
    return f"status <> 'published' OR {environment} <> 'production' OR ({approved})"


def _fill() -> None:
    """Give requests and approvals that exist what they are about: a registration's digest stands in the content."""
    connection = op.get_bind()
    request = sa.table(
        "change_request",
        sa.column("id", columns.UUIDType()),
        sa.column("kind", sa.String()),
        sa.column("target", sa.String()),
        sa.column("content", columns.JSONText()),
        sa.column("content_digest", sa.LargeBinary()),
        sa.column("subject_digest", sa.LargeBinary()),
    )
    approval = sa.table(
        "approval",
        sa.column("request_id", columns.UUIDType()),
        sa.column("slot", sa.SmallInteger()),
        sa.column("after_slot", sa.SmallInteger()),
        sa.column("target", sa.String()),
        sa.column("subject_digest", sa.LargeBinary()),
    )
    for row in connection.execute(sa.select(request)).all():
        of_version = row.content.get("content_digest") if row.kind == "client.publish" else None
        subject = bytes.fromhex(of_version) if of_version else row.content_digest
        connection.execute(request.update().where(request.c.id == row.id).values(subject_digest=subject))
        given = approval.update().where(approval.c.request_id == row.id)
        connection.execute(given.values(subject_digest=subject, target=row.target))
    connection.execute(approval.update().where(approval.c.slot == sa.literal(2)).values(after_slot=1))


def _unbind() -> None:
    with op.batch_alter_table("client_version", schema=None) as batch_op:
        batch_op.drop_constraint("fk_client_version_approval", type_="foreignkey")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_constraint("fk_approval_order", type_="foreignkey")
        batch_op.drop_constraint("fk_approval_subject", type_="foreignkey")
        batch_op.drop_constraint("ck_approval_order", type_="check")
        batch_op.drop_constraint("uq_approval_subject", type_="unique")
        batch_op.drop_column("after_slot")
        batch_op.drop_column("target")
        batch_op.drop_column("subject_digest")
    with op.batch_alter_table("change_request", schema=None) as batch_op:
        batch_op.drop_constraint("uq_change_request_subject", type_="unique")
        batch_op.drop_column("subject_digest")
    with op.batch_alter_table("client_version", schema=None) as batch_op:
        batch_op.create_foreign_key(
            "fk_client_version_approval", "approval", ["change_request_id", "approvals"], ["request_id", "slot"]
        )
        batch_op.drop_constraint("ck_client_version_approved", type_="check")
        batch_op.create_check_constraint(
            "ck_client_version_approved", _approved(_ENVIRONMENT[op.get_context().dialect.name])
        )
