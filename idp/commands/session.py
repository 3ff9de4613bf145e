"""``idp session``: who is signed in, ending it, and what the sites were told (Back-Channel Logout).

Ending takes away and never gives, so it may run unattended; it is audited with its reason (rule O2).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from idp.commands.account import find_account
from idp.commands.deployment import actor, open_services, refuse
from idp.commands.events import note_use, required_reason
from idp.commands.output import json_option, print_json, print_table
from idp.sessions.values import Ended, Selector

if TYPE_CHECKING:
    from idp.foundation.outbox import Delivery
    from idp.wiring import Services

_POLL_SECONDS = 0.1
_MOST_LISTED = 1000
_END = ("delivered", "dead")


@click.group("session")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """List and end sessions, see what sites were told."""


@COMMAND.command("list")
@click.option("--account", "username", metavar="USERNAME", help="Only those of an account.")
@click.option("--client", "client_id", metavar="ID", help="Only those that are signed in to a site.")
@click.option("--limit", type=click.IntRange(1, _MOST_LISTED), default=200, show_default=True, help="At most so many.")
@json_option
def list_sessions(username: str | None, client_id: str | None, limit: int, *, as_json: bool) -> None:
    """List live sessions, latest first."""
    with open_services() as services:
        account_id = None if username is None else find_account(services, username)
        if client_id is not None:
            _must_be_known(services, client_id)
        note_use(services, "session list", account=account_id, client=client_id)
        sessions = services.sessions.list(account_id=account_id, client_id=client_id, limit=limit)
        names = {one.account_id: _username(services, one.account_id) for one in sessions}
    if as_json:
        print_json([{"username": names[one.account_id], "session": one} for one in sessions])
        return
    print_table(
        ("session", "account", "since", "last seen", "sites"),
        [(one.id, names[one.account_id], one.created_at, one.last_seen_at, one.client_ids) for one in sessions],
        empty="Nobody is signed in.",
    )


def _username(services: Services, account_id: UUID) -> str:
    account = services.accounts.get(account_id)
    return "" if account is None else account.username


@COMMAND.command()
@click.option("--account", "username", metavar="USERNAME", help="Every session of an account.")
@click.option("--client", "client_id", metavar="ID", help="A site's part of every session, with its tokens.")
@click.option("--session", "session_id", type=click.UUID, metavar="ID", help="One session.")
@click.option("--all", "everything", is_flag=True, help="Every session there is.")
@required_reason()
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 120),
    default=0,
    metavar="SECONDS",
    help="Wait so long for the sites to confirm.",
)
@json_option
def revoke(reason: str, wait_seconds: float, *, as_json: bool, **chosen: Any) -> None:
    """End sessions at once. The sites are told by the worker, at least once, until they confirm."""
    if sum(bool(value) for value in chosen.values()) != 1:
        raise click.UsageError("Name exactly one of --account, --client, --session and --all.")
    with open_services() as services:
        selector = _selector(services, chosen)
        note_use(services, "session revoke", reason=reason, takes_away=True, **chosen)
        # The text is for the audit record. The sessions get a word, because some words spare what was granted offline.
        ended = services.sessions.terminate(selector, reason="revoked", actor=actor())
        if chosen["session_id"] and ended == Ended():
            refuse(f"there is no live session {chosen['session_id']}")
        deliveries = _wait(lambda: _told(services, ended), wait_seconds)
    if as_json:
        print_json({"ended": ended, "deliveries": deliveries})
        return
    click.echo(f"{ended.sessions} sessions, {ended.client_sessions} sign-ins at sites, {ended.grants} grants ended.")
    _print_deliveries(deliveries)


def _selector(services: Services, chosen: dict[str, Any]) -> Selector:
    if chosen["username"]:
        return Selector(account_id=find_account(services, chosen["username"]))
    if chosen["client_id"]:
        _must_be_known(services, chosen["client_id"])
        return Selector(client_id=chosen["client_id"])
    return Selector(everything=True) if chosen["everything"] else Selector(session_id=chosen["session_id"])


def _must_be_known(services: Services, client_id: str) -> None:
    if services.registry.show(client_id) is None:
        refuse(f"there is no client {client_id!r}")


def _told(services: Services, ended: Ended) -> list[Delivery]:
    return services.signals.ledger.of_sessions(ended.session_ids[:_MOST_LISTED])


def _wait(look: Callable[[], list[Delivery]], seconds: float) -> list[Delivery]:
    """Look until every delivery has come to an end, or the time is over."""
    end = time.monotonic() + seconds
    deliveries = look()
    while time.monotonic() < end and any(one.state not in _END for one in deliveries):
        time.sleep(_POLL_SECONDS)
        deliveries = look()
    return deliveries


def _print_deliveries(deliveries: Sequence[Delivery]) -> None:
    print_table(
        ("site", "told", "attempts", "last error"),
        [(one.lane, one.state, one.attempts, one.last_error) for one in deliveries],
        empty="No site had to be told.",
    )


@COMMAND.command()
@click.argument("session_id", type=click.UUID, metavar="ID")
@json_option
def deliveries(session_id: UUID, *, as_json: bool) -> None:
    """Show what the sites of a session were told, and whether they confirmed."""
    with open_services() as services:
        told = services.signals.ledger.of_sessions([session_id])
    if as_json:
        print_json(told)
    else:
        _print_deliveries(told)


@COMMAND.command("dead-letters")
@json_option
def dead_letters(*, as_json: bool) -> None:
    """Show the messages that were given up: these sites have not confirmed."""
    with open_services() as services:
        dead = services.signals.ledger.dead_letters()
    if as_json:
        print_json(dead)
        return
    print_table(
        ("site", "kind", "attempts", "since", "given up", "last error"),
        [(one.client_id, one.kind, one.attempts, one.created_at, one.given_up_at, one.last_error) for one in dead],
        empty="No message was given up.",
    )


@COMMAND.command()
@click.option("--client", "client_id", required=True, metavar="ID", help="The site.")
def replay(client_id: str) -> None:
    """Try the given-up messages of a site again."""
    with open_services() as services:
        note_use(services, "session replay", client=client_id)
        count = services.signals.ledger.replay(client_id)
    click.echo(f"{count} messages will be tried again.")
