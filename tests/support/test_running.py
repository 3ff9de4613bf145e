"""What "not run" means, tried on a small suite of its own."""

import os
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT

_SUITE = """
import pytest
from tests.support.availability import not_run

def test_that_runs():
    pass

def test_that_cannot():
    not_run("there is no moon")
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "test_small.py").write_text(_SUITE, encoding="utf-8")

    def start(**changes):
        environment = {name: value for name, value in os.environ.items() if name != "CI"} | changes
        environment.pop("PYTEST_XDIST_WORKER", None)
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "tests.support.running",
                "-p",
                "no:cacheprovider",
                "-q",
                str(tmp_path),
            ],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            env=environment | {"PYTHONPATH": str(ROOT)},
        )

    return start


def test_missing_means_are_counted_with_their_reason(run):
    result = run()
    assert result.returncode == 0
    assert "1 tests were not run" in result.stdout
    assert "1  there is no moon" in result.stdout


def test_ci_makes_a_test_that_could_not_run_a_failure(run):
    result = run(CI="true")
    assert result.returncode == 1
    assert "there is no moon" in result.stdout
    assert "1 failed, 1 passed" in result.stdout
