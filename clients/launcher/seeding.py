"""Bringing database, accounts and registrations to where they should be, through the ``idp`` command alone.

Each step that is done is remembered, so that a second start is quick and a broken one goes on where it was.
"""

import hashlib

from clients.launcher.cast import ACCOUNTS, SITES, Account
from clients.launcher.made_up import MadeUp
from clients.launcher.provider import ROOT, Provider
from clients.launcher.stopped import Stopped
from clients.launcher.terminal import step


def prepare(provider: Provider, made: MadeUp, port: int) -> None:
    """Bring database, accounts and registrations to where they should be; a second start finds nothing to do."""
    if not provider.database.exists():
        made.done = []
    with step("Database"):
        provider.run("db", "upgrade")
    for account in ACCOUNTS:
        if account.username not in made.done:
            with step(f"Account {account.username} ({account.kind})"):
                _create(provider, account, made)
                made.mark(account.username)
    for site in SITES:
        file = ROOT / "clients" / "registrations" / f"{site.client_id}.toml"
        origin = f"http://localhost:{port + site.offset}"
        applied = f"{site.client_id} {origin} {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"
        if applied not in made.done:
            with step(f"Registration {site.client_id}"):
                values = (f"ORIGIN={origin}", f"CLIENT_SECRET={made.clients[site.client_id]}")
                provider.run("client", "apply", str(file), *(part for value in values for part in ("--set", value)))
                made.mark(applied)


def _create(provider: Provider, account: Account, made: MadeUp) -> None:
    details = [part for name, value in account.details.items() for part in (name, value)]
    if account.has_second_factor:
        details += ["--totp-secret", made.totp[account.username]]
    arguments = ["account", "create", "--kind", account.kind, "--username", account.username, "--password-stdin"]
    created = provider.ask(*arguments, *details, given=made.passwords[account.username] + "\n")
    # A start that died between creating and remembering leaves an account that is as it should be.
    if created.returncode and provider.ask("account", "show", account.username).returncode:
        raise Stopped(f"idp account create failed:\n{created.stderr.strip() or created.stdout.strip()}")
