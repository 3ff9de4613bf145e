"""``idp serve``: the production server. Granian speaks HTTP outside the interpreter lock; worker processes run the
application.

Everything is imported once and then forked, so that workers start at once and share memory. Whatever keeps the provider
from running is said in one line before the first worker starts. Metrics and details answer on ``IDP_OPS_BIND`` from the
supervising process.
"""

import gc
import ipaddress
import os
import signal
import socket
import ssl
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import import_module
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final
from wsgiref.types import WSGIApplication

import click

from idp.commands.deployment import open_services, read_settings, refuse
from idp.commands.loading import loading
from idp.foundation import tracing
from idp.foundation.logging import configure_logging, get_logger
from idp.foundation.scheduling import usable_cores
from idp.foundation.settings import Settings
from idp.foundation.time_limits import GLANCE
from idp.sessions.values import CONSOLE, PROVIDER

METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_LOOPBACK_NAMES: Final = {"localhost"}
SURFACES: Final = (PROVIDER, CONSOLE)
_DEFAULT_THREADS: Final = 8
_GRACE_SECONDS: Final = 10
# Of one worker. Granian counts connections, idle ones too; beyond these, new ones wait in the listen queue.
_MOST_CONNECTIONS: Final = 1024
_IDLE_SECONDS: Final = 30
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("serve")
@click.option("--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes; default: one a core.")
@click.option(
    "--threads",
    type=click.IntRange(2, 256),
    default=_DEFAULT_THREADS,
    show_default=True,
    help="Request threads of a worker: half are kept free of sign-ins, half work at once.",
)
@click.option(
    "--surface", type=click.Choice(SURFACES), default=SURFACES[0], show_default=True, help="What to serve (rule O4)."
)
@click.option("--cert", type=_FILE, help="Certificate chain (PEM); with --key the server speaks TLS itself.")
@click.option("--key", type=_FILE, help="Private key of the certificate (PEM).")
def COMMAND(  # noqa: N802 - the options of the command
    bind: str, workers: int | None, threads: int, surface: str, cert: Path | None, key: Path | None
) -> None:
    """Serve the provider, or the console of its staff.

    SIGTERM ends it when the requests under way are answered, SIGHUP renews the workers.
    """
    settings = read_settings()
    host, port = _address(bind)
    _check_binding(settings, host)
    if surface == CONSOLE and not settings.console_origin:
        refuse("IDP_CONSOLE_ORIGIN is empty: say at which origin of its own the console answers")
    _check_certificate(cert, key)
    _check_port(host, port)
    tracing.require_installed(os.environ)
    _check_deployment(surface)
    os.environ.pop(METRICS_FOLDER, None)
    with tempfile.TemporaryDirectory(prefix="idp-metrics-") as folder:
        operations = _open_operations(settings, folder)
        server = _server(host, port, workers or usable_cores(), threads, cert, key)
        if operations is not None:
            # Its thread starts when the workers have been forked, which a process with threads should not do.
            _after_spawning(server, partial(import_module("idp.web.ops.server").start, operations))
        configure_logging()
        get_logger(__name__).info(
            "serving", bind=bind, workers=server.workers, threads=threads, environment=settings.environment
        )
        os.register_at_fork(after_in_child=_end_when_asked)
        server.serve(target_loader=partial(application, threads, surface), wrap_loader=False)


def _end_when_asked() -> None:
    """Let a worker be ended from its first moment: until granian puts its own handlers, it would have those of the
    supervisor, in which the wish to end gets lost.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _end_without(supervisor: int) -> None:
    """End this worker when its supervisor was killed: nobody else would ever end it, and it would keep the port from
    the server that takes its place.
    """
    if os.getppid() != supervisor:
        get_logger(__name__).warning("supervisor_gone")
        os.kill(os.getpid(), signal.SIGTERM)


def application(threads: int, surface: str = SURFACES[0]) -> WSGIApplication:
    """Build the application in a worker process."""
    configure_logging()
    apps = import_module("idp.app")
    created = (apps.create_console if surface == CONSOLE else apps.create_app)(read_settings())
    admission = import_module("idp.web.ops.admission")
    wrapped: WSGIApplication = admission.SignInAdmission(created.wsgi_app, threads // 2)
    wrapped = admission.Turns(wrapped, threads // 2)
    wrapped = admission.BodyAdmission(wrapped, threads, spare=max(1, threads // 4))
    services = created.extensions[import_module("idp.web.shared.services").EXTENSION]
    counters = services.blocks.refusals, services.protocol.tally
    also = [*(one.flush_before for one in counters), partial(_end_without, os.getppid())]
    services.replicas.follow_for_ever(*also)
    # Granian's workers end as those of multiprocessing do, which call nothing else.
    for one in counters:
        Finalize(None, one.flush, exitpriority=0)
    if METRICS_FOLDER in os.environ:
        import_module("idp.web.ops.counting").watch(services)
        wrapped = import_module("idp.web.ops.metrics").Measured(wrapped)
    tracing.start(os.environ, f"idp-{surface}", services.database.engines)
    if tracing.is_on():
        wrapped = import_module("idp.web.ops.tracing").Traced(wrapped)
    # What lives as long as the process need not be looked at by every collection.
    gc.collect()
    gc.freeze()
    return wrapped


def _address(bind: str) -> tuple[str, int]:
    host, separator, port = bind.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65_535:  # noqa: PLR2004 - the largest port
        raise click.BadParameter("must be HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000", param_hint="--bind")
    return host.strip("[]"), int(port)


def _check_binding(settings: Settings, host: str) -> None:
    """Refuse to show a development deployment to others (rule O1)."""
    if not settings.is_development or host in _LOOPBACK_NAMES:
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        refuse(f"IDP_ENVIRONMENT=development serves on loopback only, not on {host}")


def _check_port(host: str, port: int) -> None:
    """Refuse a port that is taken: workers share theirs, so a second server would silently get half of the requests."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        refuse(f"cannot listen on {host}:{port}: {error.strerror}")


def _check_certificate(cert: Path | None, key: Path | None) -> None:
    if (cert is None) != (key is None):
        raise click.UsageError("--cert and --key go together.")
    if cert is None or key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        refuse(f"{cert} and {key} are not a certificate chain and its key ({error})")


def _check_deployment(surface: str) -> None:
    """Build the services once: makes the keys at the first run, and says what is wrong before any worker starts. The
    console signs nothing: lost keys can be replaced there.
    """
    with loading():
        import_module("idp.app")
    with open_services(GLANCE) as services:
        checks = services.signals.readiness().checks
    needed = [check for check in checks if surface != CONSOLE or check.name != "keys"]
    failed = [check for check in needed if check.state == "failed"]
    if failed:
        refuse(f"{failed[0].name}: {failed[0].detail}")


def _open_operations(settings: Settings, folder: str) -> Any:  # noqa: ANN401 - the server of web.ops
    if not settings.ops_bind:
        return None
    # Before the metrics are imported anywhere: the library looks for the folder when it is loaded.
    os.environ[METRICS_FOLDER] = folder
    return import_module("idp.web.ops.server").listen(settings, folder)


def _server(host: str, port: int, workers: int, threads: int, cert: Path | None, key: Path | None) -> Any:  # noqa: ANN401
    from granian.constants import Interfaces, SSLProtocols  # noqa: PLC0415 - only this command needs it
    from granian.http import HTTP1Settings  # noqa: PLC0415 - as above
    from granian.server import Server  # noqa: PLC0415 - as above

    return Server(
        "idp",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        backpressure=_MOST_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=_IDLE_SECONDS * 1000),
        log_enabled=False,
        log_access=False,
        ssl_cert=cert,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE_SECONDS,
    )


def _after_spawning(server: Any, action: Callable[[], None]) -> None:  # noqa: ANN401 - granian's server
    spawn = server._spawn_workers  # noqa: SLF001 - granian calls its hooks before it forks, not after

    def spawn_then_act(*arguments: Any) -> None:
        spawn(*arguments)
        action()

    server._spawn_workers = spawn_then_act  # noqa: SLF001 - as above
