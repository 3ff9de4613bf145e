"""Notes the journeys of those who signed in lately: see ``interventions.travels.judging``."""

from datetime import timedelta
from typing import Any, Final

from idp.jobs.job import Job


def _run(services: Any) -> int:  # noqa: ANN401 - the services of wiring
    noted: int = services.travel_judge.run()
    return noted


JOB: Final = Job("judge_travels", timedelta(seconds=5), _run)
