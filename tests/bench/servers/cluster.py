"""A private PostgreSQL cluster for one bench run: a temporary directory, loopback only, default durability (fsync on).

Runs as the user `postgres` when the bench runs as root, because PostgreSQL refuses root; otherwise as the caller.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.errors import BenchError
from tests.bench.servers.processes import ManagedProcess, free_port

OWNER = "bench"
DEBIAN_VERSIONS = Path("/usr/lib/postgresql")
START_TIMEOUT_SECONDS = 30.0
CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
shared_buffers = 256MB
max_connections = 120
max_wal_size = 4GB
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster and how to reach it."""

    process: int
    port: int
    programs: Path
    log: Path

    def url(self, database: str, scheme: str) -> str:
        """Return the address of a database for a driver."""
        return f"{scheme}://{OWNER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the owner and return the rows, unaligned."""
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", OWNER, "-d", database]
        command = [str(self.programs / "psql"), "-qAtX", *place, "-c", statement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"PostgreSQL refused {statement!r}: {done.stderr.strip()}")
        return done.stdout.strip()

    def create_database(self, name: str) -> None:
        """Create an empty database."""
        self.execute(f'CREATE DATABASE "{name}"')

    def begin_counting(self) -> None:
        """Count statements from now on. Needs a cluster that `counts_statements`."""
        self.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        self.execute("SELECT pg_stat_statements_reset()")

    def counted(self, database: str) -> list[tuple[int, float, str]]:
        """Return calls, milliseconds in all and text of each statement in a database since then, the longest first."""
        rows = self.execute(
            "SELECT calls, total_exec_time + total_plan_time, regexp_replace(query, '\\s+', ' ', 'g')"
            " FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid"
            f" WHERE datname = '{database}' ORDER BY 2 DESC"
        )
        cells = (line.split("|", 2) for line in rows.splitlines())
        return [(int(calls), float(milliseconds), text) for calls, milliseconds, text in cells]

    def settle(self) -> None:
        """Write out what earlier work left, so that the next slice does not pay for it."""
        self.execute("CHECKPOINT")


def programs_folder() -> Path:
    """Return where PostgreSQL's programs are. Raises BenchError when there are none."""
    versions = sorted(DEBIAN_VERSIONS.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3].split(".")[0]))
    if versions:
        return versions[-1].parent
    found = shutil.which("postgres")
    if found is None:
        raise BenchError("PostgreSQL is not installed: the bench needs its server programs (see .ci/packages)")
    return Path(found).parent


@contextmanager
def private_cluster(core: int | str, *, counts_statements: bool = False, configuration: str = "") -> Iterator[Cluster]:
    """Run a fresh cluster on a core, with lines added to its configuration; its files are gone afterwards."""
    programs = programs_folder()
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="idp-bench-postgresql-"))
    try:
        if user:
            shutil.chown(folder, user)
        data, port = folder / "data", free_port()
        initialize(programs, data, user)
        with (data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(port=port) + configuration)
            if counts_statements:
                file.write("shared_preload_libraries = 'pg_stat_statements'\n")
        command = [str(programs / "postgres"), "-D", str(data)]
        with ManagedProcess(command, folder / "log", core=core, user=user, stop_signal=signal.SIGINT) as process:
            cluster = Cluster(process.pid, port, programs, process.log)
            wait_until_ready(cluster, process)
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def initialize(programs: Path, data: Path, user: str | None) -> None:
    """Make the cluster's files."""
    done = subprocess.run(
        [programs / "initdb", "-D", data, "-A", "trust", "-U", OWNER, "--encoding=UTF8", "--locale=C", "--no-sync"],
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"initdb failed: {done.stderr.strip()}")


def wait_until_ready(cluster: Cluster, process: ManagedProcess) -> None:
    """Wait for the first answer of the cluster."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        process.check()
        try:
            cluster.execute("SELECT 1")
        except BenchError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
