"""Bringing database, accounts and registrations to where they should be, through the ``idp`` command alone.

Each step that is done is remembered, so that a second start is quick and a broken one goes on where it was.
"""

import hashlib
from pathlib import Path

from clients.launcher.cast import ACCOUNTS, SITES, Account
from clients.launcher.made_up import MadeUp
from clients.launcher.provider import ROOT, Provider
from clients.launcher.stopped import Stopped
from clients.launcher.terminal import step


def prepare(provider: Provider, made: MadeUp, port: int) -> None:
    """Bring database, accounts and registrations to where they should be; a second start finds nothing to do."""
    if not provider.database.exists():
        made.done = []
    schema = f"schema {_fingerprint(*sorted((ROOT / 'migrations' / 'versions').glob('*.py')))}"
    if schema not in made.done:
        with step("Database"):
            provider.run("db", "upgrade")
            made.mark(schema)
    for account in ACCOUNTS:
        if account.username not in made.done:
            with step(f"Account {account.username} ({account.kind})"):
                _create(provider, account, made)
                made.mark(account.username)
        power = f"{account.username} {account.power}"
        if account.power and power not in made.done:
            with step(f"Power {power}"):
                provider.run("staff", "grant", "--account", account.username, "--power", account.power)
                made.mark(power)
    for site in SITES:
        file = ROOT / "clients" / "registrations" / f"{site.client_id}.toml"
        origin = f"http://localhost:{port + site.offset}"
        applied = f"{site.client_id} {origin} {_fingerprint(file)}"
        if applied not in made.done:
            with step(f"Registration {site.client_id}"):
                values = (f"ORIGIN={origin}", f"CLIENT_SECRET={made.clients[site.client_id]}")
                provider.run("client", "apply", str(file), *(part for value in values for part in ("--set", value)))
                made.mark(applied)


def _fingerprint(*files: Path) -> str:
    """Return a text that changes with the content of the files."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _create(provider: Provider, account: Account, made: MadeUp) -> None:
    details = [part for name, value in account.details.items() for part in (name, value)]
    if account.has_second_factor:
        details += ["--totp-secret", made.totp[account.username]]
    who = ("--kind", account.kind, "--username", account.username, "--demonstration", "--password-stdin")
    created = provider.ask("account", "create", *who, *details, given=made.passwords[account.username] + "\n")
    # A start that died between creating and remembering leaves an account that is as it should be.
    if created.returncode and provider.ask("account", "show", account.username).returncode:
        raise Stopped(f"idp account create failed:\n{created.stderr.strip() or created.stdout.strip()}")
