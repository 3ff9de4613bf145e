"""Moves signing keys on when their time has come; the schedule itself is the keyring's (rule P7)."""

from datetime import timedelta
from typing import Any, Final

from idp.jobs.job import Job


def rotate_keys(services: Any) -> int:  # noqa: ANN401 - the services of wiring, which this layer may not need whole
    """Return how many changes were made."""
    return len(services.keyring.tick())


JOB: Final = Job("rotate_keys", timedelta(minutes=1), rotate_keys)
