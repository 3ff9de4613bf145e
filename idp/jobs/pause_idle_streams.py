"""Pauses the streams that nobody polls any more (SSF 1.0 §8.1.1, inactivity_timeout), so that it is seen, and disables
those that stay paused, so that what waits in them does not wait for ever.
"""

from datetime import timedelta
from typing import Final

from idp.jobs.job import Job

JOBS: Final = (
    Job("pause_idle_streams", timedelta(hours=1), lambda services: services.transmitter.streams.pause_idle()),
    Job(
        "disable_forgotten_streams",
        timedelta(hours=1),
        lambda services: services.transmitter.streams.disable_forgotten(),
    ),
)
