"""Traces go where the standard environment says, tell nothing personal, and cost nothing while nobody asks for them."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from idp.foundation import tracing
from idp.foundation.errors import ConfigurationError
from tests.commands.test_serve import get
from tests.support.serving import BackgroundProcess

SECRET = "zhangsan-13800001234"
LONGEST_WAIT_SECONDS = 20


class Collector:
    """Takes what an exporter sends by OTLP over HTTP."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self, *, until: str) -> dict[str, dict[str, str]]:
        """Return the attributes of spans by name, waiting for one of them."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        end = time.monotonic() + LONGEST_WAIT_SECONDS
        found: dict[str, dict[str, str]] = {}
        while until not in found and time.monotonic() < end:
            time.sleep(0.1)
            for body in list(self.bodies):
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        for span in scope.spans:
                            values = {one.key: str(one.value) for one in span.attributes}
                            found.setdefault(span.name, {}).update(values)
        return found


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    one = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{one.server.server_address[1]}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.mark.server
def test_requests_and_statements_are_traced_without_what_is_personal(
    collector: Collector, idp_server: BackgroundProcess, issuer: str
):
    assert idp_server.process.poll() is None
    get(f"{issuer}/readyz?name={SECRET}")
    get(f"{issuer}/token", data=f"grant_type=password&username={SECRET}&client_id={SECRET}".encode())
    get(f"{issuer}/{SECRET}")
    spans = collector.spans(until="GET /other")
    assert "503" in spans["GET /readyz"]["http.response.status_code"] or "200" in str(spans["GET /readyz"])
    assert "POST /token" in spans
    assert "idp.request_id" in spans["POST /token"]
    assert "db.query.text" in spans["SELECT"]
    assert not any(SECRET.encode() in body for body in collector.bodies)


def test_what_is_asked_for_but_not_installed_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigurationError, match="extra `otel`, or set OTEL_SDK_DISABLED"):
        tracing.require_installed({"OTEL_TRACES_EXPORTER": "otlp"})


@pytest.mark.parametrize(
    "environment",
    [{}, {"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}],
)
def test_nobody_is_traced_who_did_not_ask(environment: dict[str, str]):
    assert not tracing.is_configured(environment)
    tracing.start(environment, "idp", ())
    assert not tracing.is_on()


def test_an_unknown_exporter_is_refused():
    with pytest.raises(ConfigurationError, match="zipkin is not known here"):
        tracing.require_installed({"OTEL_TRACES_EXPORTER": "zipkin"})


def test_nothing_of_it_is_imported_while_it_is_off():
    modules = "idp.app, idp.jobs.worker, idp.commands.serve, idp.web.ops.tracing"
    program = f"import sys, {modules}\nsys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
