"""Our side: the provider as a deployment would run it, one worker, behind a proxy it trusts, with audit, throttling and
consent switched on. Everything it needs goes through the `idp` command, as an operator's hands would.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.load.people import Person
from tests.bench.load.subject import Subject, discover
from tests.bench.servers.cluster import Cluster
from tests.bench.servers.processes import ManagedProcess, free_port, run_to_end, seconds_to_first_answer
from tests.bench.servers.seeding import write_accounts, write_registrations

ROOT = Path(__file__).parents[3]
DATABASE = "idp"
COLD_STARTS = 3


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider's commands and settings for one bench run. `threads` None leaves the choice to `idp serve`."""

    cluster: Cluster
    folder: Path
    port: int
    core: int
    threads: int | None

    @property
    def issuer(self) -> str:
        """Return the issuer; http, because it is on loopback in a development deployment."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the settings, and nothing of whatever IDP_ settings the caller has."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("IDP_")},
            "PYTHONPATH": str(ROOT),
            "IDP_ENVIRONMENT": "development",
            "IDP_ISSUER": self.issuer,
            "IDP_DATABASE_URL": self.cluster.url(DATABASE, "postgresql"),
            "IDP_KEYS_DIR": str(self.folder / "keys"),
            "IDP_TRUSTED_PROXIES": "127.0.0.1",
        }

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """Return an `idp` command line."""
        program = Path(sys.executable).with_name("idp")
        # Without an installed command line its entry point does the same from the tree.
        start = [program] if program.exists() else [sys.executable, "-c", "from idp.commands import main; main()"]
        return [*start, *arguments]

    def idp(self, *arguments: str | Path) -> str:
        """Run an `idp` command to its end."""
        return run_to_end(self.command(*arguments), self.environment(), directory=self.folder)

    def seed(self, everyone: Sequence[Person]) -> None:
        """Create the schema, the keys, our clients and the accounts with their authenticators."""
        self.cluster.create_database(DATABASE)
        (self.folder / "keys").mkdir(mode=0o700, exist_ok=True)
        self.idp("db", "upgrade")
        self.idp("client", "apply", *write_registrations(self.folder))
        self.idp("account", "import", write_accounts(self.folder / "accounts.jsonl", everyone))
        enrol = [sys.executable, "-m", "tests.bench.servers.authenticators", str(len(everyone))]
        run_to_end(enrol, self.environment(), directory=self.folder)

    def serve(self) -> ManagedProcess:
        """Start the production server on its core."""
        arguments = ["serve", "--bind", f"127.0.0.1:{self.port}", "--workers", "1"]
        if self.threads is not None:
            arguments += ["--threads", str(self.threads)]
        log = self.folder / "provider.log"
        return ManagedProcess(self.command(*arguments), log, core=self.core, environment=self.environment())

    def cold_start_seconds(self) -> float:
        """Return the median time from starting `idp serve` to its first answer."""
        return round(statistics.median(self._one_cold_start() for _ in range(COLD_STARTS)), 2)

    def _one_cold_start(self) -> float:
        started = time.perf_counter()
        with self.serve() as process:
            return seconds_to_first_answer(process, self.issuer, started)


@contextmanager
def running_provider(provider: Provider) -> Iterator[Subject]:
    """Serve until the context is left."""
    started = time.perf_counter()
    with provider.serve() as process:
        seconds_to_first_answer(process, provider.issuer, started)
        yield discover("ours", provider.issuer, (process.pid,), (provider.cluster.process,))


def new_provider(cluster: Cluster, folder: Path, core: int, threads: int | None) -> Provider:
    """Return a provider on a free port with an empty folder for its keys and logs."""
    folder.mkdir(parents=True, exist_ok=True)
    return Provider(cluster, folder, free_port(), core, threads)
