"""Carries out the mass endings that officers have decided upon, and what stopped clients and replaced keys end."""

from datetime import timedelta
from typing import Any, Final

from idp.jobs.job import Job


def _run(services: Any) -> int:  # noqa: ANN401 - the services of wiring
    swept: int = services.sessions.sweeps.run().sessions
    ended: int = services.mass_endings.run()
    return swept + ended


JOB: Final = Job("end_sessions", timedelta(seconds=1), _run)
