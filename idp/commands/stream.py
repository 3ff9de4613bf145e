"""``idp stream``: who receives security events, what waits, and why a receiver's stream stands still (SSF 1.0 §8)."""

import click

from idp.commands.deployment import actor, open_services, refuse
from idp.commands.events import note_use
from idp.commands.output import json_option, print_json, print_table

_FIELDS = (
    "stream_id",
    "client_id",
    "method",
    "status",
    "waiting",
    "last_delivered_at",
    "last_error",
    "last_error_at",
    "reason",
)


@click.group("stream")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """List streams of security events, pause and enable them."""


@COMMAND.command("list")
@json_option
def list_streams(*, as_json: bool) -> None:
    """List every stream, how many events wait in it, and why."""
    with open_services() as services:
        streams = services.transmitter.streams.list()
    rows = [
        {
            "stream_id": stream.reference,
            "client_id": stream.client_id,
            "method": stream.method,
            "status": stream.status,
            "waiting": waiting,
            "last_delivered_at": stream.last_delivered_at,
            "last_error": stream.last_error,
            "last_error_at": stream.last_error_at,
            "reason": stream.status_reason,
        }
        for stream, waiting in streams
    ]
    if as_json:
        print_json(rows)
        return
    headings = [name.replace("_", " ") for name in _FIELDS]
    print_table(headings, [[row[name] for name in _FIELDS] for row in rows], empty="Nobody receives security events.")


@COMMAND.command()
@click.argument("client_id", metavar="CLIENT")
@click.option("--reason", default="", help="Why; the receiver sees it.")
def pause(client_id: str, reason: str) -> None:
    """Let a client's events wait."""
    _set(client_id, "paused", reason)


@COMMAND.command()
@click.argument("client_id", metavar="CLIENT")
@click.option("--reason", default="", help="Why; the receiver sees it.")
def enable(client_id: str, reason: str) -> None:
    """Deliver a client's events, those that waited first."""
    _set(client_id, "enabled", reason)


def _set(client_id: str, status: str, reason: str) -> None:
    with open_services() as services:
        streams = services.transmitter.streams
        stream = next((stream for stream, _ in streams.list() if stream.client_id == client_id), None)
        if stream is None:
            refuse(f"the client {client_id!r} has no stream")
        streams.set_status(stream, status, actor=actor(), reason=reason or None)
        note_use(services, f"stream {status}", reason=reason, takes_away=status != "enabled", client=client_id)
    click.echo(f"{client_id}: {status}.")
