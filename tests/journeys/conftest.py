"""The whole thing as a person meets it: `idp serve`, `idp worker` and the three department sites as processes, Chromium
in front.
"""

import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Run, _keys_of_commands, idp
from tests.support.serving import BackgroundProcess, IDPCommand, free_port

__all__ = ["_keys_of_commands", "idp"]

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "clients"
SECRET = "journey-secret-" + "0123456789abcdef" * 3


@dataclass(frozen=True)
class Sites:
    """Where the department sites answer."""

    tax: str
    welfare: str
    enterprise: str


def start_site(
    name: str, issuer: str, folder: Path, *, port: int | None = None, secret: str = SECRET
) -> tuple[str, BackgroundProcess]:
    """Start a department's site; return its origin and its process."""
    port = port or free_port()
    origin = f"http://localhost:{port}"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("IDP_")} | {
        "ISSUER": issuer,
        "CLIENT_SECRET": secret,
        "ORIGIN": origin,
        "SESSION_FILE": str(folder / f"{name}.sqlite3"),
        "PYTHONPATH": os.pathsep.join((str(CLIENTS), str(CLIENTS / "kit"))),
    }
    options = f"--interface wsgi --host 127.0.0.1 --port {port} --workers 1 --blocking-threads 4 --no-ws"
    arguments = [sys.executable, "-m", "granian", *options.split(), f"{name}.app:app"]
    return origin, BackgroundProcess(arguments, environment, folder)


@pytest.fixture
def run_site(idp_command: IDPCommand, issuer: str, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Register a department's own site by its file, and run it with the secret that the command showed:
    ``run_site(registration, ["-m", "flask", …, "{port}"])`` returns where it answers. Its code lies in tmp_path.
    """
    started: list[BackgroundProcess] = []

    def run(registration: str, arguments: list[str], **environment: str) -> str:
        port = free_port()
        origin = f"http://localhost:{port}"
        (tmp_path / "health.toml").write_text(registration, encoding="utf-8")
        applied = idp_command.run("client", "apply", str(tmp_path / "health.toml"), "--set", f"ORIGIN={origin}")
        assert applied.returncode == 0, applied.stderr
        secret = re.search(r"client_secret: (\S+)", applied.stdout)
        assert secret, applied.stdout
        given = {"ISSUER": issuer, "CLIENT_ID": "health", "CLIENT_SECRET": secret[1], "PYTHONPATH": str(tmp_path)}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
        command = [sys.executable, *(argument.format(port=port) for argument in arguments)]
        started.append(BackgroundProcess(command, inherited | given | environment, tmp_path))
        started[-1].wait_until_answering(f"{origin}/")
        return origin

    yield run
    for process in started:
        process.stop()


@pytest.fixture
def sites(
    idp_server: BackgroundProcess, idp_command: IDPCommand, idp: Run, issuer: str, tmp_path: Path
) -> Iterator[Sites]:
    """The three sites, registered by their reviewed files, with provider and worker running."""
    started = {name: start_site(name, issuer, tmp_path) for name in ("tax", "welfare", "enterprise")}
    worker = idp_command.start("worker")
    try:
        for name, (origin, process) in started.items():
            file = CLIENTS / "registrations" / f"{name}.toml"
            settings = ("--set", f"ORIGIN={origin}", "--set", f"CLIENT_SECRET={SECRET}")
            applied = idp("client", "apply", str(file), *settings)
            assert applied.status == 0, applied.stderr
            process.wait_until_answering(origin + "/")
        idp_server.wait_until_answering(f"{issuer}/readyz")
        yield Sites(**{name: origin for name, (origin, _) in started.items()})
    finally:
        worker.stop()
        for _, process in started.values():
            process.stop()


class _IPv6Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6


@pytest.fixture
def listen() -> Iterator[Callable[..., int]]:
    """Serve a page on a loopback port of the system's choice: ``port = listen(Handler, "::1")``."""
    servers: list[ThreadingHTTPServer] = []

    def start(handler: type[BaseHTTPRequestHandler], host: str = "127.0.0.1") -> int:
        kind = _IPv6Server if ":" in host else ThreadingHTTPServer
        servers.append(kind((host, 0), handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def enter(clock: Any) -> Callable[..., None]:
    """Fill in the sign-in pages as a person would."""

    def fill(page: Any, person: Any) -> None:
        page.fill("[name=username]", person.username)
        page.fill("[name=password]", person.password)
        page.click("#login-submit")
        if person.totp_secret is not None:
            page.fill("[name=code]", person.code(clock))
            page.keyboard.press("Enter")

    return fill
