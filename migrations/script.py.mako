"""${message[0].upper() + message[1:].rstrip(".")}.

Revision ${up_revision}, ${"after " + down_revision if down_revision else "the first one"}. It works with the version before it and the version after it.
"""

import sqlalchemy as sa
from alembic import op

from idp.foundation import columns
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
