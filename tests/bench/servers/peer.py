"""The peer: npm's `oidc-provider` with ES256 and its state in PostgreSQL, configured as for production.

Installed into a git-ignored folder by npm itself, with the Node it needs for Argon2 (24.7 or later).
"""

import json
import os
import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.errors import BenchError, PeerUnavailable
from tests.bench.load.fapi2 import PUBLIC_KEYS
from tests.bench.load.people import PASSWORD
from tests.bench.load.subject import (
    CLIENT_ID,
    CLIENT_SECRET,
    FAPI2_CLIENT_ID,
    OFFLINE_CLIENT_ID,
    REDIRECT_URI,
    Subject,
    discover,
)
from tests.bench.servers.cluster import Cluster
from tests.bench.servers.processes import ManagedProcess, free_port, run_to_end, seconds_to_first_answer

SOURCES = Path(__file__).parents[1] / "peers" / "oidc-provider"
NODE_MAJOR = 24
ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


def node_program(folder: Path) -> Path:
    """Return where npm puts the Node that runs the peer."""
    architecture = ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise PeerUnavailable(f"there is no Node package for {platform.machine()}")
    return folder / "node_modules" / f"node-linux-{architecture}" / "bin" / "node"


def install(folder: Path) -> None:
    """Install the peer unless this very version of its package file is there already."""
    npm = shutil.which("npm")
    if npm is None:
        raise PeerUnavailable("npm is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (SOURCES / "package.json").read_text()
    done = folder / "installed.json"
    for source in SOURCES.glob("*.mjs"):
        shutil.copy(source, folder)
    node = node_program(folder)
    if node.exists() and done.exists() and done.read_text() == wanted:
        return
    shutil.copy(SOURCES / "package.json", folder)
    quiet = ["--no-audit", "--no-fund", "--no-package-lock"]
    try:
        run_to_end([npm, "install", *quiet], os.environ, directory=folder)
        package = f"{node.parents[1].name}@{NODE_MAJOR}"
        run_to_end([npm, "install", *quiet, "--no-save", package], os.environ, directory=folder)
    except BenchError as failure:
        raise PeerUnavailable(str(failure)) from failure
    done.write_text(wanted)


def peer_environment(port: int, database_url: str) -> Mapping[str, str]:
    """Return the environment the peer reads its few settings from."""
    return {
        **os.environ,
        "NODE_ENV": "production",
        "PORT": str(port),
        "DATABASE_URL": database_url,
        "BENCH_CLIENT_IDS": f"{CLIENT_ID} {OFFLINE_CLIENT_ID}",
        "BENCH_FAPI2_CLIENT": json.dumps({"client_id": FAPI2_CLIENT_ID, "jwks": PUBLIC_KEYS}),
        "BENCH_CLIENT_SECRET": CLIENT_SECRET,
        "BENCH_REDIRECT_URI": REDIRECT_URI,
        "BENCH_PASSWORD": PASSWORD,
    }


@contextmanager
def running_peer(cluster: Cluster, folder: Path, core: int) -> Iterator[Subject]:
    """Run the peer on a core with a database of its own."""
    cluster.create_database("peer")
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    environment = peer_environment(port, cluster.url("peer", "postgres"))
    started = time.perf_counter()
    command = [node_program(folder), folder / "server.mjs"]
    with ManagedProcess(command, folder / "peer.log", core=core, environment=environment) as process:
        seconds_to_first_answer(process, issuer, started)
        yield discover("oidc-provider", issuer, (process.pid,), (cluster.process,))
