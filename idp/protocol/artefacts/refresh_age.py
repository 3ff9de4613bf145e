"""How many refresh tokens are older than a moment (RFC 6749 §6): those that a former master key alone can open.

A family's newest token is as old as its last rotation. Read by an operator's command, never on the way of a request.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from idp.foundation.database import Database
from idp.protocol.artefacts.refresh_family import RefreshFamilyRow


@dataclass(frozen=True, slots=True)
class OldTokens:
    """How many there are, and when the last of them ends by itself if nobody uses it before."""

    number: int
    last_until: datetime | None


def tokens_older_than(database: Database, moment: datetime, now: datetime) -> OldTokens:
    """Return the live refresh tokens that were made before a moment."""
    statement = select(func.count(), func.max(RefreshFamilyRow.idle_expires_at)).where(
        RefreshFamilyRow.ended_at.is_(None),
        RefreshFamilyRow.expires_at > now,
        RefreshFamilyRow.idle_expires_at > now,
        RefreshFamilyRow.rotated_at <= moment,
    )
    with database.read() as connection:
        number, last_until = connection.execute(statement).one()
    return OldTokens(number, last_until)
