"""The programs of the demonstration share one fate: when one ends, its name and last words are shown and all end."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.launcher.programs import Programs
from clients.launcher.stopped import Stopped
from tests.support.serving import free_port

STAYS = "import time; time.sleep(60)"
STAYS_WITH_A_CHILD = (
    "import subprocess, sys, time; c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], "
    "stdin=subprocess.DEVNULL); print(c.pid, flush=True); time.sleep(60)"
)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    programs = Programs(tmp_path)
    yield programs
    programs.stop()


def start(programs: Programs, name: str, source: str, folder: Path) -> None:
    programs.start(name, [sys.executable, "-c", source], os.environ, folder)


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def test_end_of_one_is_told_with_its_name_and_last_words(programs: Programs, tmp_path: Path) -> None:
    start(programs, "tax", STAYS, tmp_path)
    start(programs, "worker", "print('the disk is full'); raise SystemExit(3)", tmp_path)
    with pytest.raises(Stopped, match=r"worker ended with status 3(.|\n)*the disk is full"):
        programs.wait_until_answering("tax", free_port(), "/")


def test_program_that_never_answers_is_noticed_when_it_ends(programs: Programs, tmp_path: Path) -> None:
    start(programs, "provider", "raise SystemExit('no database')", tmp_path)
    with pytest.raises(Stopped, match="no database"):
        programs.wait_until_answering("provider", free_port(), "/")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")
def test_stopping_ends_the_whole_group(programs: Programs, tmp_path: Path) -> None:
    start(programs, "tax", STAYS, tmp_path)
    start(programs, "provider", STAYS_WITH_A_CHILD, tmp_path)
    log = tmp_path / "provider.log"
    deadline = time.monotonic() + 20
    while not log.read_text().endswith("\n") and time.monotonic() < deadline:
        time.sleep(0.05)
    grandchild = int(log.read_text())
    assert is_alive(grandchild)
    programs.stop()
    while is_alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(grandchild)
    with pytest.raises(Stopped):
        programs.check()
