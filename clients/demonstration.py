"""What ``make run`` starts: provider, worker and department sites as one process group, with accounts to try them.

It knows the provider only from outside: the ``idp`` command and its addresses. Everything it makes is below ``var/``
and ``keys/``.
"""

import os
import select
import shutil
import signal
import socket
import sys
import time
from types import FrameType

import click

from clients.launcher.cast import ACCOUNTS, SITES
from clients.launcher.made_up import MadeUp
from clients.launcher.programs import Programs
from clients.launcher.provider import CONSOLE_OFFSET, ROOT, USUAL_PORT, Provider
from clients.launcher.seeding import prepare
from clients.launcher.stopped import Stopped
from clients.launcher.terminal import step, table

LOOK_SECONDS = 0.2
GRANIAN_OPTIONS = "--workers 1 --blocking-threads 4 --no-ws --log-level warning"
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Run the demonstration until Ctrl-C."""
    for number in ENDING_SIGNALS:
        signal.signal(number, _interrupt)
    try:
        port = _port()
        provider = Provider(port)
        _require_free(port)
        _require_consistent(provider)
        made = MadeUp.load(provider.folder / "demo.json")
        programs = Programs(provider.folder / "log")
        try:
            click.echo("Setting up …")
            if not provider.database.exists():
                shutil.rmtree(provider.folder / "sites", ignore_errors=True)  # Sign-ins of a provider that is gone.
            start_sites(programs, provider, made, port)
            prepare(provider, made, port)
            with step("Starting"):
                start_provider(programs, provider, port)
                wait_for_all(programs, port)
            show(provider, made, port)
            watch(programs, made)
        finally:
            for number in ENDING_SIGNALS:
                signal.signal(number, signal.SIG_IGN)  # An impatient second Ctrl-C must not leave programs behind.
            programs.stop()
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    except Stopped as reason:
        click.echo(f"\n{reason}", err=True)
        sys.exit(1)


def start_sites(programs: Programs, provider: Provider, made: MadeUp, port: int) -> None:
    """Start the department sites; they need the provider only when somebody signs in."""
    clients = ROOT / "clients"
    for site in SITES:
        own_port = port + site.offset
        environment = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")} | {
            "ISSUER": provider.issuer,
            "CLIENT_SECRET": made.clients[site.client_id],
            "ORIGIN": f"http://localhost:{own_port}",
            "SESSION_FILE": str(provider.folder / "sites" / f"{site.client_id}.sqlite3"),
            "PYTHONPATH": os.pathsep.join((str(clients), str(clients / "kit"))),
        }
        command = (
            f"-m granian --interface wsgi --host 127.0.0.1 --port {own_port} {GRANIAN_OPTIONS} {site.client_id}.app:app"
        )
        programs.start(site.client_id, [sys.executable, *command.split()], environment, clients)


def start_provider(programs: Programs, provider: Provider, port: int) -> None:
    """Start the provider, with one process of its server because nobody here brings a crowd, and its worker."""
    serve = [*provider.command, "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    programs.start("provider", serve, provider.environment, ROOT)
    console = [*provider.command, "serve", "--surface", "console", "--bind", f"127.0.0.1:{provider.console_port}"]
    programs.start("console", [*console, "--workers", "1"], provider.environment, ROOT)
    programs.start("worker", [*provider.command, "worker"], provider.environment, ROOT)


def wait_for_all(programs: Programs, port: int) -> None:
    """Return when the provider and every site answer, and the worker still lives."""
    programs.wait_until_answering("provider", port, "/.well-known/openid-configuration")
    programs.wait_until_answering("console", port + CONSOLE_OFFSET, "/healthz")
    for site in SITES:
        programs.wait_until_answering(site.client_id, port + site.offset, "/")
    programs.check()


def show(provider: Provider, made: MadeUp, port: int) -> None:
    """Print where everything is, and who can sign in with what."""
    addresses = [("provider", provider.issuer, "统一身份认证平台  Unified Identity Provider")]
    addresses += [("console", provider.console, "管理控制台  Console of the staff")]
    addresses += [(site.client_id, f"http://localhost:{port + site.offset}", site.name) for site in SITES]
    click.echo()
    table(addresses)
    click.echo()
    show_codes(made)
    click.echo(f"\nThe idp command for this provider, in another shell:  . {provider.write_environment()}")
    click.echo(f"Secrets: {made.file}   Logs: {provider.folder / 'log'}   Letters: {provider.folder / 'mail'}")
    click.echo("Ctrl-C stops everything.")


def show_codes(made: MadeUp) -> None:
    """Print the accounts with the authenticator codes of this moment."""
    left = 30 - int(time.time()) % 30
    rows = [("username", "password", f"code ({left} s)", "who")]
    rows += [
        (account.username, made.passwords[account.username], made.code(account.username), account.description)
        for account in ACCOUNTS
    ]
    table(rows)


def watch(programs: Programs, made: MadeUp) -> None:
    """Stay until something ends; Enter shows fresh codes."""
    asks = sys.stdin is not None and sys.stdin.isatty()
    if asks:
        click.echo("Press Enter for fresh codes.")
    while True:
        programs.check()
        if not asks:
            time.sleep(LOOK_SECONDS)
        elif select.select([sys.stdin], [], [], LOOK_SECONDS)[0]:
            asks = bool(sys.stdin.readline())
            show_codes(made)


def _port() -> int:
    given = os.environ.get("PORT") or str(USUAL_PORT)
    if not given.isdecimal() or not 1024 <= int(given) <= 65_530:  # noqa: PLR2004 - unprivileged ports
        raise Stopped(f"PORT={given} is not a port from 1024 to 65530")
    return int(given)


def _require_free(port: int) -> None:
    for number in (port, port + CONSOLE_OFFSET, *(port + site.offset for site in SITES)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                advice = "Stop what uses it, perhaps another demonstration, or move: PORT=9000 make run"
                raise Stopped(f"Port {number} is in use. {advice}") from None


def _require_consistent(provider: Provider) -> None:
    if provider.database.exists() and not (provider.folder / "demo.json").exists():
        raise Stopped(f"{provider.database} is there but its demo.json is not: run `make reset` to begin anew")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
