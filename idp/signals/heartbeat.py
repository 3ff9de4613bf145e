"""Whether somebody delivers (rule P12): workers sign in every few seconds, and the others look when that was."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.signals.models import WorkerHeartbeat

INTERVAL = timedelta(seconds=5)
LONGEST_SILENCE = timedelta(seconds=20)
_FORGOTTEN_AFTER = timedelta(days=1)


class Heartbeats:
    """Beats of workers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def beat(self, worker: str) -> None:
        """Note that a worker is at work."""
        now = self._clock.now()
        mine = WorkerHeartbeat.worker == worker
        with self._database.transaction() as connection:
            if connection.execute(update(WorkerHeartbeat).where(mine).values(beat_at=now)).rowcount == 0:
                connection.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.beat_at < now - _FORGOTTEN_AFTER))
                connection.execute(insert(WorkerHeartbeat).values(worker=worker, started_at=now, beat_at=now))

    def leave(self, worker: str) -> None:
        """Note that a worker has ended in good order."""
        with self._database.transaction() as connection:
            connection.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.worker == worker))

    def latest(self) -> datetime | None:
        """Return when any worker was last seen, None if none ever was."""
        with self._database.read() as connection:
            return connection.scalar(select(func.max(WorkerHeartbeat.beat_at)))

    def watched_since(self) -> datetime | None:
        """Return since when there has been a worker at work without a gap that it could tell of, None if none is."""
        alive = WorkerHeartbeat.beat_at >= self._clock.now() - LONGEST_SILENCE
        with self._database.read() as connection:
            return connection.scalar(select(func.min(WorkerHeartbeat.started_at)).where(alive))
