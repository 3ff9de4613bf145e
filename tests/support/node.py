"""A script run by Node that talks with its test, one JSON value a line: it asks, the test answers, the last line is its
result. What the clients are is the scripts' business (tests/journeys/openid_client).
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from tests.support.availability import not_run

_OLDEST_NODE = 20


def node(packages: Path) -> str:
    """Return the path of Node, or end the test as not run; ``packages`` must be installed for it."""
    path = shutil.which("node")
    if path is None:
        not_run("Node is not installed; `make test` as root or with sudo installs it (.ci/install-node-packages)")
    version = subprocess.run([path, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < _OLDEST_NODE:
        not_run(f"Node is {version}, and the foreign clients need {_OLDEST_NODE} or newer")
    if not (packages / "node_modules").is_dir():
        not_run("the foreign clients are not installed; `make test` installs them (.ci/install-node-packages)")
    return path


class NodeScript:
    """One run of a script. Use as a context manager: leaving ends it."""

    def __init__(self, file: Path, log: Path) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [node(file.parent), str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # A proxy of this machine is none of the loopback's business.
                env={name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def converse(self, settings: Mapping[str, Any], answers: Mapping[str, Callable[[Any], Any]]) -> Any:
        """Start it with its settings, answer each question by the function of its name, and return the result."""
        self._tell(settings)
        while True:
            [(question, value)] = self._hear().items()
            if question == "result":
                return value
            self._tell(answers[question](value))

    def _tell(self, value: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the script ended:\n{self._log.read_text(encoding='utf-8')}"
        message: dict[str, Any] = json.loads(line)
        return message
