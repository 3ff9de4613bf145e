"""The numbers of the service in the Prometheus format, and the WSGI layer that counts requests.

Worker processes write into files of one folder (``PROMETHEUS_MULTIPROC_DIR``), the supervising process adds them up.
What lies in the database (outbox, worker, readiness) is read when somebody asks. Labels come from fixed sets: no
address, no client, no person.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from idp.audit.lag import SealingLag
from idp.foundation.database import DatabaseFailure
from idp.foundation.logging import get_logger
from idp.signals.ledger import Ledger
from idp.signals.readiness import Readiness

_log = get_logger(__name__)
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# The first segment of a path; whatever is not here counts as "other", so that strangers cannot invent labels.
_ENDPOINTS: Final = frozenset(
    {
        ".well-known",
        "account",
        "assets",
        "authorize",
        "brands",
        "consent",
        "console",
        "device",
        "device_authorization",
        "end_session",
        "healthz",
        "introspect",
        "jwks.json",
        "login",
        "logout",
        "par",
        "readyz",
        "register",
        "revoke",
        "scim",
        "ssf",
        "token",
        "userinfo",
    }
)
_RECENT: Final = timedelta(minutes=5)
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

REQUESTS: Final = Counter("idp_requests", "Requests by endpoint and class of status.", ("endpoint", "status"))
SECONDS: Final = Histogram("idp_request_seconds", "Time until the answer began.", ("endpoint",), buckets=_BUCKETS)


class Measured:
    """A WSGI layer that counts and times what passes through it."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        # Children are looked up once; finding them costs more than counting.
        self._counters = {
            (name, digit): REQUESTS.labels(name, f"{digit}xx")
            for name in (*_ENDPOINTS, "", "other")
            for digit in "2345"
        }
        self._times = {name: SECONDS.labels(name) for name in (*_ENDPOINTS, "", "other")}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        name = endpoint_of(environ.get("PATH_INFO", "/"))
        started = time.perf_counter()

        def note(status: str, *arguments: Any) -> Any:  # noqa: ANN401 - as WSGI defines it
            self._counters.get((name, status[:1]), self._counters[name, "5"]).inc()
            self._times[name].observe(time.perf_counter() - started)
            return start_response(status, *arguments)

        return self._application(environ, note)


def endpoint_of(path: str) -> str:
    """Return how numbers and traces name the endpoint of a path: by its first part, if it is one of ours."""
    segment = path.split("/", 2)[1:2]
    return segment[0] if segment and (segment[0] in _ENDPOINTS or not segment[0]) else "other"


class DatabaseNumbers(Collector):
    """What the database knows, asked at each scrape."""

    def __init__(
        self,
        readiness: Callable[[], Readiness],
        ledger: Ledger,
        oldest_waiting: Callable[[], float],
        lag: Callable[[], SealingLag],
        judging: Callable[[], float],
    ) -> None:
        self._readiness = readiness
        self._ledger = ledger
        self._oldest_waiting = oldest_waiting
        self._lag = lag
        self._judging = judging

    def collect(self) -> Iterator[Metric]:
        """Yield readiness always, the outbox only when the database answers."""
        picture = self._readiness()
        checks = GaugeMetricFamily("idp_check", "1 ok, 0.5 degraded, 0 failed.", labels=["check"])
        for check in picture.checks:
            checks.add_metric([check.name], {"ok": 1, "degraded": 0.5, "failed": 0}[check.state])
        yield checks
        try:
            yield from self._of_the_database(picture)
        except DatabaseFailure:
            # It went away since: what it would have said is missing from this scrape, the checks say why in the next.
            _log.warning("numbers_missing", exc_info=True)

    def _of_the_database(self, picture: Readiness) -> Iterator[Metric]:
        if picture.status != "unready":
            waiting, dead = self._ledger.counts()
            yield GaugeMetricFamily("idp_outbox_waiting", "Messages not yet delivered.", value=waiting)
            yield GaugeMetricFamily("idp_outbox_dead", "Messages given up and not replayed.", value=dead)
            yield GaugeMetricFamily(
                "idp_outbox_oldest_seconds", "Age of the oldest undelivered message.", value=self._oldest_waiting()
            )
            settled = GaugeMetricFamily(
                "idp_deliveries_recent", "Messages settled in the last five minutes.", labels=["outcome"]
            )
            for outcome, number in zip(("delivered", "given_up"), self._ledger.settled_since(_RECENT), strict=True):
                settled.add_metric([outcome], number)
            yield settled
            yield from _of_sealing(self._lag())
            yield GaugeMetricFamily(
                "idp_travel_unjudged_seconds",
                "Age of the oldest event not looked through for impossible travel.",
                value=self._judging(),
            )


def _of_sealing(lag: SealingLag) -> Iterator[Metric]:
    yield GaugeMetricFamily("idp_audit_size", "Events that are sealed.", value=lag.size)
    yield GaugeMetricFamily("idp_audit_unsealed_seconds", "Age of the oldest unsealed event.", value=lag.unsealed)
    yield GaugeMetricFamily("idp_audit_checkpoint_seconds", "Age of the newest checkpoint.", value=lag.checkpoint)


def exposition(folder: str | None, numbers: DatabaseNumbers) -> bytes:
    """Return all numbers as text: those that the workers left in the folder, and those of the database."""
    registry = CollectorRegistry()
    if folder is not None:
        _forget_the_dead(folder)
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    registry.register(numbers)
    return generate_latest(registry)


def lists_read_at(folder: str) -> float | None:
    """Return when the worker that is furthest behind looked after its lists, in seconds of the epoch."""
    registry = CollectorRegistry()
    _forget_the_dead(folder)
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return registry.get_sample_value("idp_lists_read_timestamp_seconds") or None


def _forget_the_dead(folder: str) -> None:
    """Forget what processes that have ended were using; what they counted stays."""
    for file in Path(folder).glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            mark_process_dead(process, folder)  # type: ignore[no-untyped-call]
        except PermissionError:
            continue
