"""What is in force in production rests on two approvals.

Revision 0013, after 0012. It works with the version after it, and with the version before it, which then puts
nothing into force in production any more. It fails where something is in force in production without approvals, which
no released version could have put there.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ENVIRONMENT = {
    "postgresql": "content -> 'policy' ->> 'environment'",
    "sqlite": "json_extract(content, '$.policy.environment')",
}


def upgrade() -> None:
    dialect = op.get_context().dialect.name
    approved = "change_request_id IS NOT NULL AND coalesce(approvals, 0) = 2"
    condition = f"status <> 'published' OR {_ENVIRONMENT[dialect]} <> 'production' OR ({approved})"
    with op.batch_alter_table("client_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("change_request_id", columns.UUIDType(), nullable=True))
        batch_op.add_column(sa.Column("approvals", sa.SmallInteger(), nullable=True))
        batch_op.create_foreign_key(
            "fk_client_version_approval",
            "approval",
            ["change_request_id", "approvals"],
            ["request_id", "slot"],
        )
        batch_op.create_check_constraint("ck_client_version_approved", condition)


def downgrade() -> None:
    with op.batch_alter_table("client_version", schema=None) as batch_op:
        batch_op.drop_constraint("ck_client_version_approved", type_="check")
        batch_op.drop_constraint("fk_client_version_approval", type_="foreignkey")
        batch_op.drop_column("approvals")
        batch_op.drop_column("change_request_id")
