"""Processes the bench starts, pins to a core and stops.

Each gets a process group of its own, and only those groups are ever signalled.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.error import URLError

from tests.bench.errors import BenchError
from tests.bench.load.subject import DISCOVERY_PATH, read_json

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 15.0
POLL_SECONDS = 0.01
LOG_LINES = 15


def end_in_order_on_sigterm() -> None:
    """Let SIGTERM leave through the context managers, as Ctrl-C does, so that what was started is stopped."""

    def end(_number: int, _frame: object) -> None:
        sys.exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)


def free_port() -> int:
    """Return a port nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class ManagedProcess:
    """A process of ours, on a core or several (``0,1``). Use as a context manager: leaving stops it and everything it
    started.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        core: int | str,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.log = log
        self._stop_signal = stop_signal
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ["taskset", "-c", str(core), *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=None if environment is None else dict(environment),
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd=log.parent,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """Return the running process."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    @property
    def pid(self) -> int:
        """Return the root of its process tree."""
        return self._process.pid

    def check(self) -> None:
        """Raise BenchError when it has ended by itself."""
        if self._process.poll() is not None:
            lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            raise BenchError(
                f"ended with status {self._process.returncode}; the end of {self.log}:\n" + "\n".join(lines)
            )

    def stop(self) -> None:
        """Ask it to end, and insist after a while."""
        if self._process.poll() is None:
            os.killpg(self.pid, self._stop_signal)
            try:
                self._process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait()


def seconds_to_first_answer(process: ManagedProcess, issuer: str, started: float, path: str = DISCOVERY_PATH) -> float:
    """Wait for the discovery document, or another; return seconds since `started`, a performance counter."""
    while time.perf_counter() - started < START_TIMEOUT_SECONDS:
        try:
            read_json(issuer.rstrip("/") + path)
        except (URLError, OSError, ValueError):
            process.check()
            time.sleep(POLL_SECONDS)
        else:
            return time.perf_counter() - started
    raise BenchError(f"no answer from {issuer} in {START_TIMEOUT_SECONDS:.0f} seconds; see {process.log}")


def run_to_end(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    directory: Path,
    timeout: float = 600,
) -> str:
    """Run one command and return what it printed. Raises BenchError with its last lines when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        env=dict(environment),
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()[-LOG_LINES:]
        raise BenchError(f"{Path(command[0]).name} {' '.join(map(str, command[1:4]))} failed:\n" + "\n".join(lines))
    return done.stdout
