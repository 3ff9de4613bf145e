"""The little server on ``IDP_OPS_BIND``: metrics and readiness in detail, for operators only (rule O4).

It runs in a thread of the process that supervises the workers, with a database connection of its own and no keys.
"""

import threading
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import orjson

from idp.audit.lag import sealing_lag
from idp.foundation.clock import SystemClock
from idp.foundation.database import Database
from idp.foundation.entropy import SystemEntropy
from idp.foundation.errors import ConfigurationError
from idp.foundation.outbox import Outbox
from idp.foundation.settings import Settings
from idp.foundation.time_limits import GLANCE
from idp.interventions.travels.lag import judging_lag
from idp.signals.ledger import Ledger
from idp.signals.readiness import Readiness, ReadinessProbe, lists_check

JSON: Final = "application/json"
_SLOWEST_CLIENT_SECONDS: Final = 5


class Operations:
    """What the little server answers, as functions of a path."""

    def __init__(self, settings: Settings, metrics_folder: str | None) -> None:
        self._clock = clock = SystemClock()
        self._database = Database(settings.database_url, pool_size=2, limits=GLANCE)
        self._outbox = Outbox(self._database, clock, SystemEntropy(clock))
        self._probe = ReadinessProbe(self._database, self._outbox, clock)
        self._ledger = Ledger(self._database, self._outbox, clock)
        self._metrics_folder = metrics_folder

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Return (status, content type, body)."""
        if path == "/metrics":
            return self._metrics()
        if path == "/readyz":
            return self._readiness()
        if path == "/healthz":
            return HTTPStatus.OK, JSON, b'{"status":"alive"}'
        return HTTPStatus.NOT_FOUND, JSON, b'{"error":"not_found"}'

    def close(self) -> None:
        """Close the connections."""
        self._database.dispose()

    def _readiness(self) -> tuple[HTTPStatus, str, bytes]:
        picture = self._look()
        status = HTTPStatus.SERVICE_UNAVAILABLE if picture.status == "unready" else HTTPStatus.OK
        return status, JSON, details_of(picture)

    def _look(self) -> Readiness:
        """Return what the database tells, and how old the lists are that the workers hold."""
        from idp.web.ops import metrics  # noqa: PLC0415 - as below

        picture = self._probe.look()
        read_at = metrics.lists_read_at(self._metrics_folder) if self._metrics_folder else None
        if read_at is None:
            return picture
        return Readiness((*picture.checks, lists_check(self._clock.now().timestamp() - read_at)))

    def _metrics(self) -> tuple[HTTPStatus, str, bytes]:
        from idp.web.ops import metrics  # noqa: PLC0415 - needs the multiprocess folder to be named first

        numbers = metrics.DatabaseNumbers(
            self._look,
            self._ledger,
            self._outbox.oldest_waiting_seconds,
            lambda: sealing_lag(self._database, self._clock.now()),
            lambda: judging_lag(self._database, self._clock.now()),
        )
        return HTTPStatus.OK, metrics.CONTENT_TYPE, metrics.exposition(self._metrics_folder, numbers)


def details_of(picture: Readiness) -> bytes:
    """Return a readiness with all its checks as JSON."""
    checks = [{"name": check.name, "state": check.state, "detail": check.detail} for check in picture.checks]
    return orjson.dumps({"status": picture.status, "checks": checks})


class _Handler(BaseHTTPRequestHandler):
    timeout = _SLOWEST_CLIENT_SECONDS
    server_version = "idp"
    sys_version = ""

    def __init__(self, operations: Operations, *arguments: Any) -> None:
        self._operations = operations
        super().__init__(*arguments)

    def do_GET(self) -> None:
        status, content_type, body = self._operations.answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Log nothing: scrapes come every few seconds."""


def listen(settings: Settings, metrics_folder: str | None) -> ThreadingHTTPServer:
    """Take the port and return a server that does not answer yet. Raises ConfigurationError when the port is taken."""
    host, _, port = settings.ops_bind.rpartition(":")
    try:
        return ThreadingHTTPServer(
            (host.strip("[]") or "127.0.0.1", int(port)), partial(_Handler, Operations(settings, metrics_folder))
        )
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigurationError(f"IDP_OPS_BIND: cannot listen on {settings.ops_bind!r} ({error})") from None


def start(server: ThreadingHTTPServer) -> None:
    """Answer from now on, in a thread."""
    threading.Thread(target=server.serve_forever, name="ops", daemon=True).start()
