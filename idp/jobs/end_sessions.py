"""Carries out the mass endings that officers have decided upon, and what stopped clients and replaced keys end."""

from datetime import timedelta
from typing import Final

from idp.jobs.job import Job
from idp.wiring import Services


def _run(services: Services) -> int:
    return services.sessions.sweeps.run().sessions + services.mass_endings.run()


JOB: Final = Job("end_sessions", timedelta(seconds=1), _run)
