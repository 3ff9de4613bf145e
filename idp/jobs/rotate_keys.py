"""Moves signing keys on when their time has come; the schedule itself is the keyring's (rule P7)."""

from datetime import timedelta
from typing import Final

from idp.jobs.job import Job

JOB: Final = Job("rotate_keys", timedelta(minutes=1), lambda services: len(services.keyring.tick()))
