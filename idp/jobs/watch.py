"""Looks for what officers and the contacts of services must be told: see ``interventions.alerts``."""

from datetime import timedelta
from typing import Final

from idp.jobs.job import Job
from idp.wiring import Services

_OFTEN: Final = timedelta(minutes=1)


def _end_break_glass(services: Services) -> int:
    """Return how many break-glasses are open; looking ends the one whose hour is over."""
    return 0 if services.break_glass.current() is None else 1


JOBS: Final = (
    Job("evaluate_alert_rules", _OFTEN, lambda services: services.alerting.watch.evaluate_rules()),
    Job("look_at_deliveries", _OFTEN, lambda services: services.alerting.watch.look_at_deliveries()),
    Job("look_at_sealing", _OFTEN, lambda services: services.alerting.watch.look_at_sealing()),
    Job("end_break_glass", _OFTEN, _end_break_glass),
    Job("announce_expiries", timedelta(hours=1), lambda services: services.alerting.expiries.announce()),
)
