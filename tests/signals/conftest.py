"""Signals on the test's own database, and a department that answers as it is told."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.registry.conftest import tax


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


class Department:
    """A back-channel logout receiver on loopback; keeps what it was sent, answers with ``status``, may hang. The first
    calls are answered from ``first_statuses``, whenever they come.
    """

    def __init__(self) -> None:
        self.status = 200
        self.first_statuses: list[int] = []
        self.tokens: list[str] = []
        self.content_types: list[str] = []
        self.hangs_after: int | None = None
        self.release = threading.Event()
        department = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                department.content_types.append(self.headers["Content-Type"])
                department.tokens += parse_qs(body)["logout_token"]
                if department.hangs_after is not None and len(department.tokens) > department.hangs_after:
                    department.release.wait(20)
                self.send_response(department.first_statuses.pop(0) if department.first_statuses else department.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/backchannel-logout"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def new_department(services: Any) -> Iterator[Callable[..., Department]]:
    """Open departments and register each as a client."""
    departments: list[Department] = []

    def make(client_id: str = "tax", **changes: Any) -> Department:
        department = Department()
        departments.append(department)
        names = {} if client_id == "tax" else {"client_name": client_id, "client_name#en": client_id}
        registration = tax(client_id=client_id, backchannel_logout_uri=department.url, **names, **changes)
        outcome = services.registry.apply(registration, actor="system")
        assert not getattr(outcome, "problems", ()), outcome
        return department

    yield make
    for department in departments:
        department.close()
