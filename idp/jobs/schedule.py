"""The jobs, and when each is due next on this node."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from idp.jobs import count_usage, enclose, end_sessions, judge_travels, pause_idle_streams, purge, rotate_keys, watch
from idp.jobs.job import Job

JOBS: Final[tuple[Job, ...]] = (
    end_sessions.JOB,
    judge_travels.JOB,
    rotate_keys.JOB,
    *watch.JOBS,
    *pause_idle_streams.JOBS,
    enclose.JOB,
    count_usage.JOB,
    *purge.JOBS,
)


class Schedule:
    """Which jobs are due. Every job is due at the start, and again its interval after it began."""

    def __init__(self, jobs: Sequence[Job] = JOBS, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._due_at = dict.fromkeys(jobs, timer())

    def take_due(self) -> list[Job]:
        """Return the jobs that are due, and count them as begun."""
        now = self._timer()
        due = [job for job, due_at in self._due_at.items() if due_at <= now]
        for job in due:
            self._due_at[job] = now + job.every.total_seconds()
        return due
