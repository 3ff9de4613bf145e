"""Notes the journeys of those who signed in lately: see ``interventions.travels.judging``."""

from datetime import timedelta
from typing import Final

from idp.jobs.job import Job

JOB: Final = Job("judge_travels", timedelta(seconds=5), lambda services: services.travel_judge.run())
