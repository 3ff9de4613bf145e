"""The fixtures every test may ask for. From the database upwards each has a real deployment behind it; nothing of ours
is mocked.

Ask for the highest one that will do: ``browser`` (a person's, over the Flask test client), ``client`` (the bare test
client), ``app``, ``services``, ``database_url``. Change a deployment by overriding ``setting_changes`` in the test's
module.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import deployment
from tests.support.browser import Browser
from tests.support.clock import FrozenClock, RunningClock
from tests.support.compiled_templates import CompiledTemplates
from tests.support.databases import PostgreSQLDatabases, SQLiteDatabases
from tests.support.entropy import FixedEntropy
from tests.support.postgresql import cluster_of
from tests.support.relying_party import RelyingParty
from tests.support.serving import BackgroundProcess, IDPCommand, LiveServer, WSGIApplication, free_port

pytest_plugins = [
    "tests.support.running",
    "tests.support.journeys",
    "tests.support.compiled_routes",
    "tests.support.compiled_statements",
]

_SERVED = {"serve", "idp_server"}

# Who has followed the README has the settings of a running provider in the shell: tests neither read nor meet it.
for _name in [name for name in os.environ if name.startswith("IDP_")]:
    del os.environ[_name]


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> FrozenClock:
    """A clock that stands still; where real programs take part (``serve``, ``idp_server``), one that runs and can be
    moved.
    """
    return RunningClock() if _SERVED & set(request.fixturenames) else FrozenClock()


@pytest.fixture
def entropy(clock: FrozenClock) -> FixedEntropy:
    return FixedEntropy(clock)


@pytest.fixture
def issuer(request: pytest.FixtureRequest) -> str:
    """The issuer: where the provider really answers, if this test serves it, else the usual address."""
    return f"http://localhost:{free_port()}" if _SERVED & set(request.fixturenames) else deployment.ISSUER


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """``sqlite`` or ``postgresql``: every test that reaches this fixture runs on both."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def _sqlite_databases() -> Iterator[SQLiteDatabases]:
    databases = SQLiteDatabases()
    yield databases
    databases.remove()


@pytest.fixture(scope="session")
def _postgresql_databases(pytestconfig: pytest.Config) -> Iterator[PostgreSQLDatabases]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    databases = PostgreSQLDatabases(cluster_of(pytestconfig), worker)
    yield databases
    databases.close()


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """The URL of a clean database with the tables of this version."""
    url: str = request.getfixturevalue(f"_{database_kind}_databases").fresh()
    return url


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    """The folder of this test's own keys, not made yet."""
    return tmp_path / "keys"


@pytest.fixture(scope="session")
def prepared_keys(tmp_path_factory: pytest.TempPathFactory, _sqlite_databases: SQLiteDatabases) -> Any:
    from tests.support.prepared_keys import PreparedKeys

    return PreparedKeys(tmp_path_factory.mktemp("prepared"), _sqlite_databases)


@pytest.fixture
def setting_changes() -> dict[str, str]:
    """IDP_ variables that differ from a test's usual ones: override this in a module, or parametrise it."""
    return {}


@pytest.fixture
def environment(database_url: str, keys_dir: Path, issuer: str, setting_changes: dict[str, str]) -> dict[str, str]:
    """The IDP_ variables of this test's deployment."""
    return deployment.environment(database_url, keys_dir, issuer, setting_changes)


@pytest.fixture
def settings(environment: dict[str, str]) -> Any:
    from idp.foundation.settings import load_settings

    return load_settings(environment)


@pytest.fixture
def services(settings: Any, clock: FrozenClock, entropy: FixedEntropy, prepared_keys: Any) -> Iterator[Any]:
    """Everything that idp.wiring puts together, on the test's database, clock and randomness, with its keys made."""
    prepared_keys.give(settings, clock)
    services = deployment.services_of(settings, clock, entropy)
    yield services
    services.database.dispose()


@pytest.fixture(scope="session")
def compiled_templates() -> CompiledTemplates:
    """Where any test application may take its templates from: ``compiled_templates.serve(app)``."""
    return CompiledTemplates()


@pytest.fixture
def app(settings: Any, services: Any, compiled_templates: CompiledTemplates) -> Flask:
    from idp.app import create_app

    app: Flask = create_app(settings, services)
    compiled_templates.serve(app)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def new_browser(app: Flask, issuer: str) -> Callable[..., Browser]:
    """Make browsers: each call is another device with cookies of its own."""

    def make(**options: str) -> Browser:
        return Browser(app, issuer, **options)

    return make


@pytest.fixture
def browser(new_browser: Callable[..., Browser]) -> Browser:
    """A person's browser on the provider, in Chinese."""
    return new_browser()


@pytest.fixture
def serve(app: Flask, issuer: str) -> Iterator[LiveServer]:
    """The provider answering on its issuer's port, in threads of this process, with the test's own clock."""
    server = LiveServer(app, int(issuer.rsplit(":", 1)[1]))
    yield server
    server.stop()


@pytest.fixture
def serve_site() -> Iterator[Callable[..., LiveServer]]:
    """Serve any other WSGI application, such as a department's site; all are stopped at the end."""
    servers: list[LiveServer] = []

    def start(application: WSGIApplication, port: int | None = None) -> LiveServer:
        servers.append(LiveServer(application, port))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def idp_command(environment: dict[str, str], tmp_path: Path) -> IDPCommand:
    """The `idp` command on this test's deployment: ``idp_command.run("client", "list")``."""
    return IDPCommand(environment, tmp_path)


@pytest.fixture
def idp_server(idp_command: IDPCommand, issuer: str) -> Iterator[BackgroundProcess]:
    """`idp serve` as a process of its own, answering on the issuer's port."""
    process = idp_command.start("serve", "--bind", f"127.0.0.1:{issuer.rsplit(':', 1)[1]}")
    try:
        process.wait_until_answering(f"{issuer}/healthz")
        yield process
    finally:
        process.stop()


@pytest.fixture
def account_factory(services: Any) -> Any:
    """Make accounts: ``account_factory(kind="staff", with_recovery_codes=True)``."""
    from tests.factories.accounts import AccountFactory

    return AccountFactory(services)


@pytest.fixture
def registration_factory(services: Any) -> Any:
    """Register sites: ``registration_factory("welfare", policy={"consent": "statutory"})``."""
    from tests.factories.registrations import RegistrationFactory

    return RegistrationFactory(services)


@pytest.fixture
def new_relying_party(app: Flask, issuer: str, registration_factory: Any) -> Callable[..., RelyingParty]:
    """Register a site and return it ready to send browsers: ``tax = new_relying_party("tax")``."""

    def make(client_id: str = "tax", **changes: Any) -> RelyingParty:
        site = registration_factory(client_id, **changes)
        return RelyingParty(app, issuer, site.client_id, site.client_secret, site.redirect_uri)

    return make
