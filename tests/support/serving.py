"""Applications answering for real on a loopback port: in this process (with the test's own clock), or `idp serve` in
another.
"""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wsgi import get_input_stream

ROOT = Path(__file__).resolve().parent.parent.parent
WSGIApplication = Callable[..., Iterable[bytes]]
_LONGEST_START_SECONDS = 30


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _QuietHandler(WSGIRequestHandler):
    """Tests read answers, not access logs."""

    protocol_version = "HTTP/1.1"

    def log(self, kind: str, message: str, *args: Any) -> None:
        """Say nothing."""


class LiveServer:
    """A WSGI application on ``http://localhost:PORT``, in threads of this process."""

    def __init__(self, application: WSGIApplication, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}"
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", self.port, _with_ending_input(application), threaded=True, request_handler=_QuietHandler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()


def _with_ending_input(application: WSGIApplication) -> WSGIApplication:
    """End a request's body where it ends, as production servers do; werkzeug's would wait for more."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"] = get_input_stream(environ)
        environ["wsgi.input_terminated"] = True
        return application(environ, start_response)

    return call


class IDPCommand:
    """The `idp` command with the environment of one deployment."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
        self._environment = inherited | dict(environment) | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self._folder = folder

    @staticmethod
    def arguments(*arguments: str) -> list[str]:
        return [sys.executable, "-c", "from idp.commands import main; main()", *arguments]

    def run(
        self, *arguments: str, input_text: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a subcommand to its end; ``returncode``, ``stdout`` and ``stderr`` tell how it went."""
        return subprocess.run(
            self.arguments(*arguments),
            check=False,
            cwd=self._folder,
            env=self._environment,
            input=input_text if input_text is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def start(self, *arguments: str) -> "BackgroundProcess":
        """Start a subcommand that stays, such as ``serve`` or ``worker``."""
        return BackgroundProcess(self.arguments(*arguments), self._environment, self._folder)


class BackgroundProcess:
    """A program that runs beside the test; what it writes goes to a file that a failure can quote."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.log = folder / f"{free_port()}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                list(arguments),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_answering(self, url: str) -> None:
        """Return when ``url`` answers with success. Fails with what the program wrote if it ends or takes too long."""
        end = time.monotonic() + _LONGEST_START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    if answer.status < 400:
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                reason = error
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{url} does not answer ({reason}):\n{self.output()}")
            time.sleep(0.05)

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """Ask it to end, insist after ten seconds, and return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=10)
        return self.process.returncode
