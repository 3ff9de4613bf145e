"""The numbers of the service in the Prometheus format, and the WSGI layer that counts requests.

Worker processes write into files of one folder (``PROMETHEUS_MULTIPROC_DIR``), the supervising process adds them up.
What lies in the database (outbox, worker, readiness) is read when somebody asks. Labels come from fixed sets: no
address, no client, no person.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from idp.signals.ledger import Ledger
from idp.signals.readiness import Readiness

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

# The first segment of a path; whatever is not here counts as "other", so that strangers cannot invent labels.
_ENDPOINTS: Final = frozenset(
    {
        ".well-known",
        "account",
        "authorize",
        "consent",
        "end_session",
        "healthz",
        "introspect",
        "jwks.json",
        "login",
        "logout",
        "readyz",
        "revoke",
        "static",
        "token",
        "userinfo",
    }
)
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

REQUESTS: Final = Counter("idp_requests", "Requests by endpoint and class of status.", ("endpoint", "status"))
SECONDS: Final = Histogram("idp_request_seconds", "Time until the answer began.", ("endpoint",), buckets=_BUCKETS)


class Measured:
    """A WSGI layer that counts and times what passes through it."""

    def __init__(self, application: Application) -> None:
        self._application = application
        # Children are looked up once; finding them costs more than counting.
        self._counters = {
            (name, digit): REQUESTS.labels(name, f"{digit}xx")
            for name in (*_ENDPOINTS, "", "other")
            for digit in "2345"
        }
        self._times = {name: SECONDS.labels(name) for name in (*_ENDPOINTS, "", "other")}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        segment = environ.get("PATH_INFO", "/").split("/", 2)[1:2]
        name = segment[0] if segment and (segment[0] in _ENDPOINTS or not segment[0]) else "other"
        started = time.perf_counter()

        def note(status: str, *arguments: Any) -> Any:  # noqa: ANN401 - as WSGI defines it
            self._counters.get((name, status[:1]), self._counters[name, "5"]).inc()
            self._times[name].observe(time.perf_counter() - started)
            return start_response(status, *arguments)

        return self._application(environ, note)


class DatabaseNumbers(Collector):
    """What the database knows, asked at each scrape."""

    def __init__(self, readiness: Callable[[], Readiness], ledger: Ledger, oldest_waiting: Callable[[], float]) -> None:
        self._readiness = readiness
        self._ledger = ledger
        self._oldest_waiting = oldest_waiting

    def collect(self) -> Iterator[Metric]:
        """Yield readiness always, the outbox only when the database answers."""
        picture = self._readiness()
        checks = GaugeMetricFamily("idp_check", "1 ok, 0.5 degraded, 0 failed.", labels=["check"])
        for check in picture.checks:
            checks.add_metric([check.name], {"ok": 1, "degraded": 0.5, "failed": 0}[check.state])
        yield checks
        if picture.status != "unready":
            waiting, dead = self._ledger.counts()
            yield GaugeMetricFamily("idp_outbox_waiting", "Messages not yet delivered.", value=waiting)
            yield GaugeMetricFamily("idp_outbox_dead", "Messages given up and not replayed.", value=dead)
            yield GaugeMetricFamily(
                "idp_outbox_oldest_seconds", "Age of the oldest undelivered message.", value=self._oldest_waiting()
            )


def exposition(folder: str | None, numbers: DatabaseNumbers) -> bytes:
    """Return all numbers as text: those that the workers left in the folder, and those of the database."""
    registry = CollectorRegistry()
    if folder is not None:
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    registry.register(numbers)
    return generate_latest(registry)
