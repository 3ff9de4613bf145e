"""What officers require of accounts, legal holds, and blind indexes of the ends of numbers.

Revision 0019, after 0018. It works with the version before it and the version after it. The new digests are NULL for
rows written before: keys are not at hand in a migration, so ``idp account index-tails`` fills them in.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_LIVE = sa.text("ended_at IS NULL")
_INSTANTS = ("reset_credential_until", "reprove_identity_until", "held_at")


def upgrade() -> None:
    op.create_table(
        "account_requirement",
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("until", columns.Instant(), nullable=False),
        sa.Column("factor", sa.String(length=20), nullable=True),
        sa.Column("password_renewed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("account_id", "kind"),
    )
    op.create_table(
        "legal_hold",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("legal_hold", schema=None) as batch_op:
        batch_op.create_index(
            "uq_legal_hold_live",
            ["account_id", "reference"],
            unique=True,
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        )
    with op.batch_alter_table("account", schema=None) as batch_op:
        for name in _INSTANTS:
            batch_op.add_column(sa.Column(name, columns.Instant(), nullable=True))
        batch_op.add_column(sa.Column("phone_tail_digest", columns.Digest, nullable=True))
        batch_op.create_index("ix_account_phone_tail", ["phone_tail_digest", "id"], unique=False)
    with op.batch_alter_table("natural_person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("id_tail_digest", columns.Digest, nullable=True))
        batch_op.create_index("ix_natural_person_id_tail", ["id_tail_digest", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("natural_person", schema=None) as batch_op:
        batch_op.drop_index("ix_natural_person_id_tail")
        batch_op.drop_column("id_tail_digest")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index("ix_account_phone_tail")
        batch_op.drop_column("phone_tail_digest")
        for name in reversed(_INSTANTS):
            batch_op.drop_column(name)
    op.drop_table("legal_hold")
    op.drop_table("account_requirement")
