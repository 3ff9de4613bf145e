"""Where the live sessions begin, so that nobody looks for them through all of history.

A session that expires is not written to; that it is over is read from its row (decision 0013). Its id tells when it
began, and the place of the oldest live one holds for ever: whatever is live later was live then, or began since.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import first_uuid7
from idp.sessions.models import OPSession

_REFRESHED_AFTER: Final = timedelta(hours=1)
# The clocks of the nodes differ, and a sign-in that has begun may not have committed yet.
_SLACK: Final = timedelta(hours=1)


class LiveSpan:
    """Knows, for one process, an id that every live session comes after."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: tuple[datetime, UUID] | None = None

    def begins(self) -> UUID:
        """Return an id before that of every session that is live now, or begins later. Reads what is live once an
        hour.
        """
        now = self._clock.now()
        known = self._known
        # A clock that was set back may find live what was over by the other time.
        if known is None or not known[0] <= now < known[0] + _REFRESHED_AFTER:
            known = self._known = (now, self._look(now))
        return known[1]

    def _look(self, now: datetime) -> UUID:
        oldest = select(func.min(OPSession.created_at)).where(OPSession.expires_at > now, OPSession.ended_at.is_(None))
        with self._database.searching() as connection:
            began = connection.scalar(oldest)
        return first_uuid7((now if began is None else began) - _SLACK)
