"""What ``idp doctor`` looks at, one function each; a function returns findings in words that a person can act on.

To add an examination, write its function and list it in ``EXAMINATIONS``. Nothing here changes anything.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from idp.foundation.outbound_http import kind_of
from idp.registry.members import ENVIRONMENTS

if TYPE_CHECKING:
    from idp.wiring import Services

State = Literal["ok", "warning", "failed"]

_PATIENCE_SECONDS: Final = 5
_LARGEST_DOCUMENT: Final = 256 * 1024
_SESSIONS_LOOKED_AT: Final = 50
_NOTICE = timedelta(days=30)
_DISCOVERY: Final = "/.well-known/openid-configuration"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    words: str


def settings(services: Services) -> Iterator[Finding]:
    """Every setting was read and understood, else there were no services to examine."""
    chosen = services.settings
    yield Finding("settings", "ok", f"all understood; {chosen.environment}, issuer {chosen.issuer}")
    if chosen.outbound_ca_file is not None:
        try:
            ssl.create_default_context(cafile=str(chosen.outbound_ca_file))
        except (OSError, ssl.SSLError) as error:
            yield Finding("outbound CA", "failed", f"IDP_OUTBOUND_CA_FILE cannot be read as certificates: {error}")
    if chosen.ops_bind.startswith(("0.0.0.0", "[::]", ":")) and not chosen.is_development:  # noqa: S104 - it warns of it
        yield Finding("operations", "warning", f"IDP_OPS_BIND={chosen.ops_bind} shows metrics on every network")


def keys(services: Services) -> Iterator[Finding]:
    """Private keys are readable by this user only, and every signing key that is needed is there."""
    folder = services.settings.keys_dir
    exposed = [path for path in (folder, *sorted(folder.rglob("*"))) if path.stat().st_mode & _OTHERS]
    for path in exposed:
        mode = "700" if path.is_dir() else "600"
        yield Finding("keys", "failed", f"{path} can be read by other users; run: chmod {mode} {path}")
    problems = services.keyring.problems()
    for problem in problems:
        yield Finding("keys", "failed", problem)
    if not exposed and not problems:
        yield Finding("keys", "ok", f"{', '.join(services.keyring.algorithms())} can sign; {folder} is private")


def database(services: Services) -> Iterator[Finding]:
    """The database answers, has the tables of this version, agrees on the time, and its file is private."""
    # What is missing of the keys is said above, file by file.
    for check in (one for one in services.signals.readiness().checks if one.name != "keys"):
        state: State = {"ok": "ok", "degraded": "warning", "failed": "failed"}[check.state]  # type: ignore[assignment]
        yield Finding(check.name, state, check.detail)
    url = services.database.url
    if services.database.dialect == "sqlite" and url.database:
        path = Path(url.database)
        if path.exists() and path.stat().st_mode & _OTHERS:
            yield Finding("database file", "failed", f"{path} can be read by other users; run: chmod 600 {path}")


def operations(services: Services) -> Iterator[Finding]:
    """The server that runs here follows its lists: only its own processes know."""
    address = services.settings.ops_bind
    if not address:
        return
    host, _, port = address.rpartition(":")
    try:
        document = _fetch(http.client.HTTPConnection(host.strip("[]"), int(port), timeout=_PATIENCE_SECONDS), "/readyz")
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error) or type(error).__name__
        yield Finding("serve", "warning", f"idp serve does not answer at IDP_OPS_BIND={address}: {reason}")
        return
    for check in document.get("checks", ()) if isinstance(document, dict) else ():
        if check["name"] == "lists":
            state: State = "ok" if check["state"] == "ok" else "failed"
            yield Finding("lists", state, f"{check['detail']}, by the worker of idp serve that is furthest behind")


def dead_letters(services: Services) -> Iterator[Finding]:
    """Every site was told of the logouts that concern it."""
    _, dead = services.signals.ledger.counts()
    if dead:
        words = f"{dead} messages were given up; see idp session dead-letters, then idp session replay"
        yield Finding("dead letters", "warning", words)


def mail(services: Services) -> Iterator[Finding]:
    """Notices can leave: the mail server answers, protects the connection and knows us; none was given up."""
    ended = services.notices.examine()
    if ended is None:
        state: State = "ok" if services.settings.is_development else "warning"
        yield Finding("mail", state, "IDP_SMTP_URL is empty: nobody is told of expiring secrets, alerts and alarms")
    elif ended.error is not None:
        yield Finding("mail", "failed", ended.error)
    else:
        yield Finding("mail", "ok", "notices can be handed over")
    _, dead = services.notices.counts()
    if dead:
        yield Finding("mail", "warning", f"{dead} notices were given up; see Messages in the console")


def proxies(services: Services) -> Iterator[Finding]:
    """Requests come from the addresses of people, not from a proxy that nobody told us of (rule S3)."""
    trusted = services.settings.trusted_proxies
    sessions = services.sessions.list(limit=_SESSIONS_LOOKED_AT)
    hidden = sorted({one.network for one in sessions if one.network and _is_private(one.network)})
    if trusted:
        yield Finding("proxies", "ok", f"forwarded addresses are believed from {trusted}")
    elif hidden and not services.settings.is_development:
        words = f"requests arrive from {hidden[0]}, which is private; name your proxy in IDP_TRUSTED_PROXIES"
        yield Finding("proxies", "failed", f"{words}, until then limits by network are off")
    else:
        yield Finding("proxies", "ok", "none is trusted; people connect to this server directly")


def _is_private(network: str) -> bool:
    return kind_of(ipaddress.ip_network(network).network_address) != "public"


def clients(services: Services) -> Iterator[Finding]:
    """Every registered client is meant for this deployment."""
    registered, here = services.registry.list(), services.settings.environment
    strangers = [one.client_id for one in registered if one.environment != here and one.environment in ENVIRONMENTS]
    if strangers:
        yield Finding("clients", "warning", f"{', '.join(strangers)}: registered for another environment, not served")
    made_up = [one.client_id for one in registered if one.is_demonstration]
    if made_up and here == "production":
        yield Finding("clients", "failed", f"{', '.join(made_up)}: demonstration clients, not served in production")
    soon = services.clock.now() + _NOTICE
    for one in registered:
        client = services.registry.get(one.client_id)
        if client is not None and client.ends_at is not None and client.ends_at < soon:
            yield Finding(
                "clients", "warning", f"{one.client_id}: its profile {one.profile} ends on {client.ends_at:%F}"
            )
    waiting = [one.client_id for one in registered if one.draft_version is not None]
    if waiting:
        yield Finding("clients", "warning", f"{', '.join(waiting)}: a draft waits for idp client approve")
    yield Finding("clients", "ok", f"{len(registered)} registered")


def issuer(services: Services) -> Iterator[Finding]:
    """The issuer answers under its own name, as every department will call it."""
    address = services.settings.issuer
    try:
        found = _fetch_issuer(address, services.settings.outbound_ca_file)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error) or type(error).__name__
        yield Finding("issuer", "warning", f"{address}{_DISCOVERY} cannot be fetched from here: {reason}")
        return
    if found == address:
        yield Finding("issuer", "ok", f"{address} answers under its own name")
    else:
        yield Finding("issuer", "failed", f"{address} answers as {found!r}; a proxy leads to another deployment")


def _fetch_issuer(address: str, ca_file: Path | None) -> object:
    """Fetch our own discovery document. The guarded client would refuse: it never calls this service itself."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
        connection = http.client.HTTPSConnection(host, parts.port, timeout=_PATIENCE_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=_PATIENCE_SECONDS)
    document = _fetch(connection, _DISCOVERY)
    return document.get("issuer") if isinstance(document, dict) else None


def _fetch(connection: http.client.HTTPConnection, path: str) -> object:
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read(_LARGEST_DOCUMENT))
    finally:
        connection.close()


EXAMINATIONS: Final[tuple[Callable[[Services], Iterator[Finding]], ...]] = (
    settings,
    keys,
    database,
    operations,
    dead_letters,
    mail,
    proxies,
    clients,
    issuer,
)
