"""Encrypts the networks that events of an older version hold in the clear; with none left it finds nothing by an
index (rule A6).
"""

from datetime import timedelta
from typing import Final

from idp.jobs.job import Job
from idp.wiring import Services

_MOST_BATCHES: Final = 20


def enclose(services: Services) -> int:
    """Return how many networks were encrypted."""
    total = 0
    for _ in range(_MOST_BATCHES):
        count = services.erasure.enclose()
        total += count
        if not count:
            break
    return total


JOB: Final = Job("enclose", timedelta(minutes=10), enclose)
