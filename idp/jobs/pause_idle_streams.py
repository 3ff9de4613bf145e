"""Pauses the streams that nobody polls any more (SSF 1.0 §8.1.1, inactivity_timeout), so that it is seen."""

from datetime import timedelta
from typing import Any, Final

from idp.jobs.job import Job


def _pause(services: Any) -> int:  # noqa: ANN401 - the services of wiring
    paused: int = services.transmitter.streams.pause_idle()
    return paused


JOB: Final = Job("pause_idle_streams", timedelta(hours=1), _pause)
