"""Programs that run together: one process group, one fate. If one ends, the reason is shown and all end."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from clients.launcher.stopped import Stopped

START_SECONDS = 60.0
STOP_SECONDS = 8.0
LOG_LINES = 15


class Programs:
    """The programs of the demonstration."""

    def __init__(self, logs: Path) -> None:
        """Output of each program goes to a file of its name."""
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._group = 0
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        """Start a program in the group. Ctrl-C reaches only this program, which then stops the others in order."""
        with self._log(name).open("wb") as output:
            started = subprocess.Popen(  # noqa: S603 - our own programs
                list(command),
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=self._group,
            )
        self._group = self._group or started.pid
        self._running[name] = started

    def check(self) -> None:
        """Raise Stopped with the last log lines of a program that ended."""
        for name, program in self._running.items():
            status = program.poll()
            if status is not None:
                log = self._log(name)
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
                quoted = "\n".join(f"    {line}" for line in lines) or "    (it said nothing)"
                raise Stopped(f"{name} ended with status {status}, so everything was stopped. Last lines:\n{quoted}")

    def wait_until_answering(self, name: str, port: int, path: str) -> None:
        """Return when a program answers. Raises Stopped when it ends, or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port, path):
            self.check()
            if time.monotonic() > deadline:
                raise Stopped(f"{name} does not answer on port {port}; see {self._log(name)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the whole group, workers of workers too, and insist after a while."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._group:
                with suppress(ProcessLookupError):
                    os.killpg(self._group, number)
            self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        for program in self._running.values():
            try:
                program.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
