"""How far the sealer is behind, for those who watch: events without a place in the tree, and the newest checkpoint."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from idp.audit.models import AuditCheckpoint, AuditEvent, AuditHead
from idp.foundation.database import Database


@dataclass(frozen=True, slots=True)
class SealingLag:
    """How far sealing is: events sealed, seconds since the oldest unsealed event and since the newest checkpoint."""

    size: int
    unsealed: float
    checkpoint: float


def sealing_lag(database: Database, now: datetime) -> SealingLag:
    """Return how far sealing is behind; 0 seconds where nothing waits, or there is nothing yet."""
    oldest = select(AuditEvent.occurred_at).where(AuditEvent.leaf_index.is_(None)).order_by(AuditEvent.id).limit(1)
    newest = select(func.max(AuditCheckpoint.created_at)).where(
        AuditCheckpoint.size == select(func.max(AuditCheckpoint.size)).scalar_subquery()
    )
    statement = select(AuditHead.size, oldest.scalar_subquery(), newest.scalar_subquery())
    with database.read() as connection:
        size, waiting, checkpoint = connection.execute(statement).one()
    return SealingLag(size, _age(waiting, now), _age(checkpoint, now))


def _age(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max((now - moment).total_seconds(), 0.0)
