"""How many events of each kind there were in every five minutes: those sealed as the sealer has counted them, the few
that still wait as they are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, cast, func, select, type_coerce, union_all

from idp.audit.models import AuditCount, AuditEvent
from idp.foundation.columns import microseconds
from idp.foundation.database import Database

WIDTH: Final = timedelta(minutes=5) // timedelta(microseconds=1)


def bucket_of(moment: datetime) -> int:
    """Return the number of the five minutes that a moment is in."""
    return microseconds(moment) // WIDTH


def count_sealed(connection: Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to the counts, in the transaction that seals them."""
    counted = Counter((bucket_of(row["occurred_at"]), row["action"]) for row in rows)
    values = [{"bucket": bucket, "action": action, "count": count} for (bucket, action), count in counted.items()]
    if values:
        connection.execute(database.insert_adding(AuditCount, "count"), sorted(values, key=lambda row: row["bucket"]))


def counts(connection: Connection, actions: Sequence[str], since: int) -> list[tuple[int, str, int]]:
    """Return (bucket, action, count) of these actions from a bucket on; a bucket may be there twice, to be added up."""
    sealed = select(AuditCount.bucket, AuditCount.action, AuditCount.count).where(
        AuditCount.bucket >= since, AuditCount.action.in_(actions)
    )
    bucket = type_coerce(AuditEvent.occurred_at, BigInteger) // WIDTH
    waiting = (
        select(bucket, AuditEvent.action, func.count())
        .where(AuditEvent.leaf_index.is_(None), AuditEvent.action.in_(actions), bucket >= since)
        .group_by(bucket, AuditEvent.action)
    )
    return [(int(row[0]), row[1], row[2]) for row in connection.execute(union_all(sealed, waiting))]


def totals(connection: Connection, since: int) -> Counter[str]:
    """Return how many events of each action there were from a bucket on; the database adds them up."""
    sealed = (
        select(AuditCount.action, cast(func.sum(AuditCount.count), BigInteger))
        .where(AuditCount.bucket >= since)
        .group_by(AuditCount.action)
    )
    is_recent = type_coerce(AuditEvent.occurred_at, BigInteger) >= since * WIDTH
    waiting = (
        select(AuditEvent.action, func.count())
        .where(AuditEvent.leaf_index.is_(None), is_recent)
        .group_by(AuditEvent.action)
    )
    counted: Counter[str] = Counter()
    for action, number in connection.execute(union_all(sealed, waiting)):
        counted[action] += number
    return counted
