"""Counts the people of each site, for the register's list: see ``sessions.usage``."""

from datetime import timedelta
from typing import Final

from idp.jobs.job import Job

JOB: Final = Job("count_usage", timedelta(minutes=10), lambda services: services.site_usages.count())
