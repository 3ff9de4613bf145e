"""Pauses the streams that nobody polls any more (SSF 1.0 §8.1.1, inactivity_timeout), so that it is seen."""

from datetime import timedelta
from typing import Final

from idp.jobs.job import Job

JOB: Final = Job("pause_idle_streams", timedelta(hours=1), lambda services: services.transmitter.streams.pause_idle())
