"""What a mass ending is about: sessions, with all that hangs on them, or grants alone. Counts them, ends the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import distinct, func, select, union_all

from idp.consents.grant_filter import GrantFilter, is_of_grants
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.sessions.filters import SessionFilter
from idp.sessions.grants import Grants
from idp.sessions.live_span import LiveSpan
from idp.sessions.models import AuthorizationGrant
from idp.sessions.searching import SessionSearch
from idp.sessions.service import Sessions

Chosen = SessionFilter | GrantFilter


def unpacked(packed: Mapping[str, Any]) -> Chosen:
    """Return the filter of a packed form."""
    return GrantFilter.unpacked(packed) if is_of_grants(packed) else SessionFilter.unpacked(packed)


@dataclass(frozen=True, slots=True)
class GrantEstimate:
    """What a filter would end: grants, and the people behind them."""

    grants: int
    accounts: int


class Ends:
    """Counts and ends what a filter chooses."""

    def __init__(
        self, database: Database, clock: Clock, *, sessions: Sessions, search: SessionSearch, grants: Grants
    ) -> None:
        self._database = database
        self._clock = clock
        self._sessions = sessions
        self._search = search
        self._grants = grants
        self._live_span = LiveSpan(database, clock)

    def count(self, chosen: Chosen) -> int:
        """Return how many there are now."""
        if isinstance(chosen, SessionFilter):
            return self._search.estimate(chosen).sessions
        return self.estimate_of_grants(chosen).grants

    def estimate_of_grants(self, chosen: GrantFilter) -> GrantEstimate:
        """Count what ending the grants of a filter would end."""
        allowed = chosen.allows(AuthorizationGrant.account_id, AuthorizationGrant.client_id)
        branches = chosen.branches(self._clock.now(), self._live_span.begins())
        found = union_all(*(select(AuthorizationGrant.account_id).where(one, allowed) for one in branches)).subquery()
        statement = select(func.count(), func.count(distinct(found.c.account_id))).select_from(found)
        with self._database.searching() as connection:
            return GrantEstimate(*connection.execute(statement).one())

    def end_batch(
        self, chosen: Chosen, *, began_until: datetime, after: UUID | None, most: int, reason: str, actor: str
    ) -> Sequence[UUID]:
        """End the next after an id, of those that began by a time, in the present transaction; return their ids."""
        if isinstance(chosen, SessionFilter):
            ended = self._sessions.end_batch(
                chosen, began_until=began_until, after=after, most=most, reason=reason, actor=actor
            )
            return ended.session_ids
        condition = chosen.condition(self._clock.now(), self._live_span.begins())
        condition &= AuthorizationGrant.created_at <= began_until
        if after is not None:
            condition &= AuthorizationGrant.id > after
        self._database.plan_for_values()
        return self._grants.end_batch(condition, most=most, reason=reason, actor=actor, client_id=chosen.client_id)
