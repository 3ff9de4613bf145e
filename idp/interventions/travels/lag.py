"""How far the worker is behind with journeys, for those who watch and for those who look at the list."""

from datetime import datetime

from sqlalchemy import func, select

from idp.audit.models import AuditEvent
from idp.foundation.database import Database
from idp.interventions.travels.models import TravelProgress


def unjudged_since(database: Database) -> datetime | None:
    """Return when the oldest event occurred that was not looked through for sign-ins yet; None if there is none."""
    reached = select(TravelProgress.reached).where(TravelProgress.id == 1).scalar_subquery()
    sealed = select(AuditEvent.occurred_at).where(AuditEvent.leaf_index == reached)
    waiting = select(AuditEvent.occurred_at).where(AuditEvent.leaf_index.is_(None)).order_by(AuditEvent.id).limit(1)
    with database.read() as connection:
        found: datetime | None = connection.scalar(
            select(func.coalesce(sealed.scalar_subquery(), waiting.scalar_subquery()))
        )
    return found


def judging_lag(database: Database, now: datetime) -> float:
    """Return its age in seconds; 0 where nothing waits."""
    since = unjudged_since(database)
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
