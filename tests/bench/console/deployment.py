"""A deployment with a console, its officers and a crowd, and the console's server on its core."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import run
from typing import Any, Final

from tests.bench.console.officers import OFFICERS
from tests.bench.crowd.draws import site
from tests.bench.crowd.sessions import RARE_SITE
from tests.bench.crowd.sizes import SITES, Sizes
from tests.bench.errors import BenchError
from tests.bench.load.subject import Subject
from tests.bench.servers.processes import ManagedProcess, free_port, run_to_end, seconds_to_first_answer
from tests.bench.servers.provider import DATABASE, ROOT, Provider
from tests.bench.servers.seeding import REGISTRATION, chinese_name, write_registration

CONFIGURATION: Final = """
shared_buffers = 1GB
effective_cache_size = 4GB
max_wal_size = 8GB
shared_preload_libraries = 'auto_explain'
"""
# Nothing listens there: what is to be delivered waits.
LOGOUT_URI: Final = "http://127.0.0.1:9/backchannel-logout"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A provider whose staff have a console at a port of its own."""

    provider: Provider
    console_port: int = field(default_factory=free_port)

    @property
    def console(self) -> str:
        """Return the console's origin."""
        return f"http://127.0.0.1:{self.console_port}"

    def environment(self) -> dict[str, str]:
        """Return the settings."""
        return self.provider.environment() | {
            "IDP_CONSOLE_ORIGIN": self.console,
            "IDP_OFFICER_ACR": "urn:idp:acr:aal2",
            "IDP_MASS_ENDING_THRESHOLD": "1000000",
        }

    def prepare(self) -> None:
        """Make the schema, the keys, the sites and the officers."""
        self.provider.cluster.create_database(DATABASE)
        folder = self.provider.folder
        (folder / "keys").mkdir(mode=0o700, exist_ok=True)
        self.provider.idp("db", "upgrade")
        self.provider.idp("client", "apply", *write_sites(folder))
        run_to_end(self.command("tests.bench.console.officers"), self.environment(), directory=folder)

    def seed(self, sizes: Sizes) -> float:
        """Fill it with a crowd, showing how far that is. Returns how many seconds it took."""
        started = time.perf_counter()
        options = [f"--{name}={getattr(sizes, name)}" for name in ("accounts", "sessions", "events")]
        command = self.command("tests.bench.crowd.seeding", *options, "--officer", self.officer_actor())
        done = run(command, env=self.environment(), cwd=ROOT, check=False)
        if done.returncode:
            raise BenchError("the crowd was not made; see above")
        return time.perf_counter() - started

    def command(self, module: str, *arguments: str) -> list[str]:
        """Return the command line of a module of the bench."""
        return [sys.executable, "-m", module, *arguments]

    def officer_actor(self) -> str:
        """Return how the record calls the first officer."""
        name = OFFICERS[0].username
        found = self.provider.cluster.execute(f"SELECT id FROM account WHERE username = '{name}'", DATABASE)
        return f"account:{found}"

    @contextmanager
    def console_server(self) -> Iterator[Subject]:
        """Serve the console until the context is left."""
        arguments = ["serve", "--surface", "console", "--bind", f"127.0.0.1:{self.console_port}", "--workers", "1"]
        command, log = self.provider.command(*arguments), self.provider.folder / "console.log"
        with ManagedProcess(command, log, core=self.provider.core, environment=self.environment()) as process:
            seconds_to_first_answer(process, self.console, time.perf_counter(), "/healthz")
            yield Subject("console", self.console, {}, (process.pid,), (self.provider.cluster.process,))


def write_sites(folder: Path) -> list[Path]:
    """Write the registrations of the sites that a crowd goes to; they want to be told when a session ends."""
    names = [*(site(number) for number in range(SITES)), RARE_SITE]
    return [write_registration(folder, registration_of(name, number)) for number, name in enumerate(names)]


def registration_of(name: str, number: int) -> dict[str, Any]:
    """Return the registration of a site; no name may look like another's, so the number is written out."""
    title = {"client_name": f"站点{chinese_name(number)}", "client_name#en": f"Site {chinese_name(number)}"}
    return REGISTRATION | title | {"client_id": name, "backchannel_logout_uri": LOGOUT_URI}
