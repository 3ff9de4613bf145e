"""The break-glass, and the power of its custodians.

Revision 0022, after 0021. It works with the version before it as long as there is no custodian, whose power that version
does not know, and with the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_LIVE = sa.text("ended_at IS NULL")
_BEFORE = "power IN ('system', 'security', 'audit', 'delegate', 'help_desk')"
_AFTER = "power IN ('system', 'security', 'audit', 'delegate', 'help_desk', 'custodian')"


def upgrade() -> None:
    _allow(_AFTER)
    op.create_table(
        "break_glass",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("opener_id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("session_id", columns.UUIDType(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_at", columns.Instant(), nullable=False),
        sa.Column("confirm_until", columns.Instant(), nullable=False),
        sa.Column("confirmer_id", columns.UUIDType(), nullable=True),
        sa.Column("opened_at", columns.Instant(), nullable=True),
        sa.Column("until", columns.Instant(), nullable=True),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.Column("ended_by", columns.UUIDType(), nullable=True),
        sa.CheckConstraint("slot = 1", name="ck_break_glass_slot"),
        sa.CheckConstraint("confirmer_id <> opener_id", name="ck_break_glass_two"),
        sa.CheckConstraint(
            "(confirmer_id IS NULL) = (until IS NULL) AND (confirmer_id IS NULL) = (opened_at IS NULL)",
            name="ck_break_glass_confirmed",
        ),
        sa.CheckConstraint("opened_at <= confirm_until", name="ck_break_glass_in_time"),
        sa.CheckConstraint("until - opened_at <= 3600000000", name="ck_break_glass_hour"),
        sa.ForeignKeyConstraint(["opener_id"], ["natural_person.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["confirmer_id"], ["natural_person.id"]),
        sa.ForeignKeyConstraint(["ended_by"], ["natural_person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("break_glass", schema=None) as batch_op:
        batch_op.create_index("uq_break_glass_live", ["slot"], unique=True, postgresql_where=_LIVE, sqlite_where=_LIVE)


def downgrade() -> None:
    op.drop_table("break_glass")
    # Custodians mean nothing to the version before: their humans may be given another power there.
    op.execute("DELETE FROM officer_power WHERE power = 'custodian'")
    _allow(_BEFORE)


def _allow(powers: str) -> None:
    with op.batch_alter_table("officer_power", schema=None) as batch_op:
        batch_op.drop_constraint("ck_officer_power", type_="check")
        batch_op.create_check_constraint("ck_officer_power", powers)
