"""The private PostgreSQL of a test run: one cluster, started by the controller, shared by all xdist workers.

The cluster's whole life is in the hands of postgresql_keeper; here is who asks for it and how a worker reaches it.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.availability import not_run, postgresql_obstacle, postgresql_programs

_KEEPER = Path(__file__).with_name("postgresql_keeper.py")
_LONGEST_START_SECONDS = 90


class Cluster:
    """A cluster in a folder. The process that called ``start`` keeps it alive; others only know the folder."""

    def __init__(self, folder: str, obstacle: str = "") -> None:
        self.folder = Path(folder)
        self._obstacle = obstacle
        self._keeper: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls) -> "Cluster":
        """Begin starting a cluster and return at once."""
        obstacle = postgresql_obstacle()
        if obstacle:
            return cls("", obstacle)
        # A socket's path may have 107 characters at most, so the folder must be short whatever TMPDIR says.
        cluster = cls(tempfile.mkdtemp(prefix="idp-pg-", dir="/tmp"))
        cluster._keeper = subprocess.Popen(
            [sys.executable, "-I", str(_KEEPER), str(cluster.folder), str(postgresql_programs())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        return cluster

    @property
    def reference(self) -> dict[str, str]:
        """What another process needs to reach this cluster: the arguments of ``Cluster``."""
        return {"folder": str(self.folder), "obstacle": self._obstacle}

    def wait(self) -> None:
        """Return when the server answers; end the test as not run if it cannot be started."""
        if self._obstacle:
            not_run(self._obstacle)
        end = time.monotonic() + _LONGEST_START_SECONDS
        while not (self.folder / "ready").exists():
            failed = self.folder / "failed"
            if failed.exists():
                self._obstacle = f"PostgreSQL did not start: {failed.read_text(encoding='utf-8')}"
                not_run(self._obstacle)
            if time.monotonic() > end:
                self._obstacle = f"PostgreSQL did not start within {_LONGEST_START_SECONDS} s; see {self.folder}/log"
                not_run(self._obstacle)
            time.sleep(0.05)

    def url(self, database: str) -> str:
        return f"postgresql://idp@/{database}?host={self.folder}"

    def stop(self) -> None:
        """Stop the server and remove its folder, if this process started it."""
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            self._keeper.wait(timeout=30)
            self._keeper = None


CLUSTER = pytest.StashKey[Cluster]()


def cluster_of(config: pytest.Config) -> Cluster:
    """Return the run's PostgreSQL, started now if nobody did so yet."""
    if CLUSTER not in config.stash:
        config.stash[CLUSTER] = Cluster.start()
    return config.stash[CLUSTER]
