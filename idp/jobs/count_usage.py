"""Counts the people of each site, for the register's list: see ``sessions.usage``."""

from datetime import timedelta
from typing import Any, Final

from idp.jobs.job import Job


def _run(services: Any) -> int:  # noqa: ANN401 - the services of wiring
    counted: int = services.site_usages.count()
    return counted


JOB: Final = Job("count_usage", timedelta(minutes=10), _run)
