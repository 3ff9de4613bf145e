"""Sessions, and what hangs on them.

Revision 0001, after 0001c. It works with the version before it and the version after it. It keeps the number that all
of the first version's tables had when they were one revision.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns

revision = "0001"
down_revision = "0001c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subject",
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("sector", sa.String(length=255), nullable=False),
        sa.Column("sub", sa.String(length=43), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "sector"),
        sa.UniqueConstraint("sector", "sub"),
    )

    op.create_table(
        "device",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("last_seen_at", columns.Instant(), nullable=False),
        sa.Column("remembered_until", columns.Instant(), nullable=True),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.create_index("ix_device_account", ["account_id"], unique=False)
        batch_op.create_index("ix_device_digest", ["digest"], unique=False)

    op.create_table(
        "op_session",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("auth_time", columns.Instant(), nullable=False),
        sa.Column("last_seen_at", columns.Instant(), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.Column("factors", columns.JSONText(), nullable=False),
        sa.Column("interaction_id", columns.UUIDType(), nullable=False),
        sa.Column("organization_id", columns.UUIDType(), nullable=True),
        sa.Column("network", sa.String(length=50), nullable=True),
        sa.Column("user_agent", sa.String(length=300), nullable=True),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    with op.batch_alter_table("op_session", schema=None) as batch_op:
        batch_op.create_index("ix_op_session_account", ["account_id"], unique=False)
        batch_op.create_index("ix_op_session_expiry", ["expires_at"], unique=False)

    op.create_table(
        "sign_in_attempt",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("factors", columns.JSONText(), nullable=False),
        sa.Column("password_is_short", sa.Boolean(), nullable=False),
        sa.Column("organization_id", columns.UUIDType(), nullable=True),
        sa.Column("remember", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("updated_at", columns.Instant(), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_attempt_account", ["account_id"], unique=False)
        batch_op.create_index("ix_sign_in_attempt_expiry", ["expires_at"], unique=False)

    op.create_table(
        "client_session",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("op_session_id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("sid", sa.String(length=43), nullable=False),
        sa.Column("sub", sa.String(length=43), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["op_session_id"],
            ["op_session.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sid"),
    )
    with op.batch_alter_table("client_session", schema=None) as batch_op:
        batch_op.create_index("ix_client_session_client", ["client_id"], unique=False)
        batch_op.create_index(
            "uq_client_session_live",
            ["op_session_id", "client_id"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "authorization_grant",
        sa.Column("id", columns.UUIDType(), nullable=False),
        sa.Column("reference", sa.String(length=22), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("op_session_id", columns.UUIDType(), nullable=False),
        sa.Column("client_session_id", columns.UUIDType(), nullable=False),
        sa.Column("interaction_id", columns.UUIDType(), nullable=False),
        sa.Column("sub", sa.String(length=43), nullable=False),
        sa.Column("organization_id", columns.UUIDType(), nullable=True),
        sa.Column("is_offline", sa.Boolean(), nullable=False),
        sa.Column("claims", columns.JSONText(), nullable=False),
        sa.Column("created_at", columns.Instant(), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["client_session_id"],
            ["client_session.id"],
        ),
        sa.ForeignKeyConstraint(
            ["op_session_id"],
            ["op_session.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("interaction_id"),
        sa.UniqueConstraint("reference"),
    )
    with op.batch_alter_table("authorization_grant", schema=None) as batch_op:
        batch_op.create_index("ix_grant_account", ["account_id", "client_id"], unique=False)
        batch_op.create_index("ix_grant_client", ["client_id"], unique=False)
        batch_op.create_index("ix_grant_client_session", ["client_session_id"], unique=False)
        batch_op.create_index("ix_grant_op_session", ["op_session_id"], unique=False)

    op.create_table(
        "authorization_code",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("grant_id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("session_id", columns.UUIDType(), nullable=False),
        sa.Column("reference", sa.String(length=22), nullable=False),
        sa.Column("sid", sa.String(length=43), nullable=False),
        sa.Column("sub", sa.String(length=43), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("claims", columns.JSONText(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("code_challenge", sa.String(length=43), nullable=True),
        sa.Column("auth_time", columns.Instant(), nullable=False),
        sa.Column("acr", sa.String(length=40), nullable=False),
        sa.Column("amr", columns.JSONText(), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.Column("redeemed_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["authorization_grant.id"],
        ),
        sa.PrimaryKeyConstraint("digest"),
    )
    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.create_index("ix_authorization_code_expiry", ["expires_at"], unique=False)

    op.create_table(
        "refresh_family",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", columns.Instant(), nullable=False),
        sa.Column("grace_given", sa.Integer(), nullable=False),
        sa.Column("grace_streak", sa.Integer(), nullable=False),
        sa.Column("grant_id", columns.UUIDType(), nullable=False),
        sa.Column("account_id", columns.UUIDType(), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("reference", sa.String(length=22), nullable=False),
        sa.Column("sid", sa.String(length=43), nullable=False),
        sa.Column("sub", sa.String(length=43), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("claims", columns.JSONText(), nullable=False),
        sa.Column("auth_time", columns.Instant(), nullable=False),
        sa.Column("acr", sa.String(length=40), nullable=False),
        sa.Column("amr", columns.JSONText(), nullable=False),
        sa.Column("idle_expires_at", columns.Instant(), nullable=False),
        sa.Column("expires_at", columns.Instant(), nullable=False),
        sa.Column("ended_at", columns.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["authorization_grant.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("refresh_family", schema=None) as batch_op:
        batch_op.create_index("ix_refresh_family_expiry", ["expires_at"], unique=False)
        batch_op.create_index("ix_refresh_family_grant", ["grant_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("refresh_family", schema=None) as batch_op:
        batch_op.drop_index("ix_refresh_family_grant")
        batch_op.drop_index("ix_refresh_family_expiry")

    op.drop_table("refresh_family")
    with op.batch_alter_table("authorization_code", schema=None) as batch_op:
        batch_op.drop_index("ix_authorization_code_expiry")

    op.drop_table("authorization_code")
    with op.batch_alter_table("authorization_grant", schema=None) as batch_op:
        batch_op.drop_index("ix_grant_op_session")
        batch_op.drop_index("ix_grant_client_session")
        batch_op.drop_index("ix_grant_client")
        batch_op.drop_index("ix_grant_account")

    op.drop_table("authorization_grant")
    with op.batch_alter_table("client_session", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_client_session_live",
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index("ix_client_session_client")

    op.drop_table("client_session")
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_attempt_expiry")
        batch_op.drop_index("ix_sign_in_attempt_account")

    op.drop_table("sign_in_attempt")
    with op.batch_alter_table("op_session", schema=None) as batch_op:
        batch_op.drop_index("ix_op_session_expiry")
        batch_op.drop_index("ix_op_session_account")

    op.drop_table("op_session")
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_index("ix_device_digest")
        batch_op.drop_index("ix_device_account")

    op.drop_table("device")
    op.drop_table("subject")
