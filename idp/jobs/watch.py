"""Looks for what officers and the contacts of services must be told: see ``interventions.alerts``."""

from datetime import timedelta
from typing import Any, Final

from idp.jobs.job import Job


def _rules(services: Any) -> int:  # noqa: ANN401 - the services of wiring
    raised: int = services.alerting.watch.evaluate_rules()
    return raised


def _deliveries(services: Any) -> int:  # noqa: ANN401 - the services of wiring
    raised: int = services.alerting.watch.look_at_deliveries()
    return raised


def _sealing(services: Any) -> int:  # noqa: ANN401 - the services of wiring
    raised: int = services.alerting.watch.look_at_sealing()
    return raised


def _expiries(services: Any) -> int:  # noqa: ANN401 - the services of wiring
    announced: int = services.alerting.expiries.announce()
    return announced


def _break_glass(services: Any) -> int:  # noqa: ANN401 - the services of wiring
    return 0 if services.break_glass.current() is None else 1


JOBS: Final = (
    Job("evaluate_alert_rules", timedelta(minutes=1), _rules),
    Job("look_at_deliveries", timedelta(minutes=1), _deliveries),
    Job("look_at_sealing", timedelta(minutes=1), _sealing),
    Job("end_break_glass", timedelta(minutes=1), _break_glass),
    Job("announce_expiries", timedelta(hours=1), _expiries),
)
