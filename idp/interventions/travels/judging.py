"""Noting journeys, by the worker (decision 0015).

The sealed audit record says which sessions began: an event gets its leaf only after it has committed, together with its
session, and leaves have no gap. So whoever follows the leaves misses no sign-in, however late it committed and whatever
the nodes' clocks say. A batch moves the mark on and writes its journeys in one transaction: a worker that dies has
neither forgotten nor repeated any, and of two workers one finds the mark moved.

A sign-in that comes late stands between two that were judged as neighbours: the one after it is judged again.
"""

from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, or_, select, union, update
from sqlalchemy.orm import aliased

from idp.audit.models import AuditEvent, AuditHead
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.interventions.travels.models import TravelProgress, TravelRow
from idp.interventions.travels.rules import AIRLINER, leg_between
from idp.networks.service import Networks
from idp.sessions.events import SessionOpened
from idp.sessions.models import OPSession
from idp.sessions.rating import RiskSign, change_sign

# In leaves. SQLite has one writer at a time, and a batch keeps everybody else waiting.
_BATCHES: Final = {"postgresql": 2000, "sqlite": 250}
_MOST_BATCHES: Final = 50
_STANDING: Final = select(AuditHead.size, TravelProgress.reached).join(TravelProgress, TravelProgress.id == 1)
_CLAIM: Final = (
    update(TravelProgress)
    .where(TravelProgress.id == 1, TravelProgress.reached == bindparam("since"))
    .values(reached=bindparam("until"))
)


class TravelJudge:
    """Looks at each sign-in once it has committed. One that has no table of networks to judge by passes it over."""

    def __init__(self, database: Database, clock: Clock, networks: Networks, *, batch: int = 0) -> None:
        self._database = database
        self._clock = clock
        self._networks = networks
        self._batch = batch or _BATCHES[database.dialect]

    def run(self, *, most_batches: int = _MOST_BATCHES) -> int:
        """Judge the sign-ins that wait, so many batches at most, and return how many journeys were noted."""
        total = 0
        for _ in range(most_batches):
            noted = self._next()
            if noted is None:
                break
            total += noted
        return total

    def _next(self) -> int | None:
        """Judge one batch; None when nothing waits, or this process may not judge it now."""
        with self._database.read() as connection:
            size, since = connection.execute(_STANDING).one()
        # Not by the table before: this process may be reading the one in force just now.
        if since >= size or not self._networks.is_up_to_date():
            return None
        has_table = self._networks.is_known()
        span = {"since": since, "until": min(size, since + self._batch) if has_table else size}
        with self._database.transaction() as connection:
            if connection.execute(_CLAIM, span).rowcount != 1:
                return None
            return self._judge(connection, span) if has_table else 0

    def _judge(self, connection: Connection, span: dict[str, int]) -> int:
        # A plan for any span would read all sessions to find these few.
        self._database.plan_for_values()
        # Many come from few networks.
        place_of = cache(self._networks.place_of)
        noted, gone = [], []
        for row in connection.execute(_PAIRS, span):
            leg = leg_between(place_of(row.network_before), place_of(row.network), row.created_at - row.created_before)
            if leg is not None:
                noted.append(_noted(row) | {"kilometres": leg.kilometres, "speed": leg.speed})
            elif row.noted_before is not None:
                gone.append(row.id)
        if gone:
            connection.execute(delete(TravelRow).where(TravelRow.id.in_(gone)))
        if noted:
            write = self._database.upsert(TravelRow, "before_id", "kilometres", "speed", "judged_at")
            connection.execute(write, [one | {"judged_at": self._clock.now()} for one in noted])
        fast = [one["id"] for one in noted if one["speed"] > AIRLINER]
        slow = [one["id"] for one in noted if one["speed"] <= AIRLINER]
        change_sign(connection, RiskSign.IMPOSSIBLE_TRAVEL, shown=fast, gone=[*slow, *gone])
        return len(noted)


def _noted(row: Row[Any]) -> dict[str, Any]:
    return {"id": row.id, "before_id": row.before_id, "account_id": row.account_id}


def _pairs() -> Select[Any]:
    """Select the sign-ins of a batch, and those that come right after one, each with the sign-in before it: all that
    changed network and were not judged with that one yet.
    """
    began, later, here, earlier, there = (aliased(OPSession) for _ in range(5))
    following = (
        select(later.id)
        .where(later.account_id == began.account_id, later.id > began.id, later.network.is_not(None))
        .order_by(later.id)
        .limit(1)
    )
    # By themselves first: no estimate may lead PostgreSQL through every sign-in there ever was.
    leaves = (
        select(AuditEvent.session_id, AuditEvent.action)
        .where(AuditEvent.leaf_index >= bindparam("since"), AuditEvent.leaf_index < bindparam("until"))
        .cte("leaves")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    arrived = (
        select(began.id, following.scalar_subquery().label("following"))
        .join(leaves, leaves.c.session_id == began.id)
        .where(leaves.c.action == SessionOpened.action, began.network.is_not(None))
        .cte("arrived")
    )
    touched = union(select(arrived.c.id), select(arrived.c.following)).cte("touched")
    preceding = (
        select(earlier.id)
        .where(earlier.account_id == here.account_id, earlier.id < here.id, earlier.network.is_not(None))
        .order_by(earlier.id.desc())
        .limit(1)
    )
    stepped = (
        select(here.id, here.account_id, here.created_at, here.network, preceding.scalar_subquery().label("before_id"))
        .join(touched, touched.c.id == here.id)
        .cte("stepped")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    changed = there.network != stepped.c.network
    return (
        select(
            stepped,
            there.created_at.label("created_before"),
            there.network.label("network_before"),
            TravelRow.before_id.label("noted_before"),
        )
        .join(there, there.id == stepped.c.before_id)
        .outerjoin(TravelRow, TravelRow.id == stepped.c.id)
        .where(or_(and_(changed, TravelRow.id.is_(None)), TravelRow.before_id != stepped.c.before_id))
    )


_PAIRS: Final = _pairs()
