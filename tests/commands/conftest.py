"""The ``idp`` command in this process, on the test's own deployment."""

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import FrozenClock, RunningClock


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """The one line on standard error for a person; what is logged there, such as an event recorded, is JSON."""
        lines = [line for line in self.stderr.strip().splitlines() if not line.startswith("{")]
        assert len(lines) == 1, self.stderr
        return lines[0]


Run = Callable[..., Ended]


@pytest.fixture
def _keys_of_commands(request: pytest.FixtureRequest, settings: Any, clock: FrozenClock, prepared_keys: Any) -> None:
    """Spare each command the making of keys. Commands have the machine's time, services the test's."""
    prepared_keys.give(settings, clock if "services" in request.fixturenames else RunningClock())


@pytest.fixture
def idp(environment: dict[str, str], _keys_of_commands: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command as its user would: ``idp("client", "list")``, ``idp(..., stdin="secret")``."""
    from idp.commands import main

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["idp", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        # Never closed: a logger may keep the stream that it saw first.
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
            main()
        status: Any = end.value.code
        return Ended(status or 0, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def registration(tmp_path: Path) -> Path:
    """A registration file of the tax site."""
    path = tmp_path / "tax.toml"
    path.write_text(
        """
client_id = "tax"
client_name = "税务局网上办税"
"client_name#en" = "Tax Online"
redirect_uris = ["${ORIGIN}/callback"]
scope = "openid profile phone"
[policy]
agency = "tax-bureau"
environment = "development"
""",
        encoding="utf-8",
    )
    return path
