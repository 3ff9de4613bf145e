"""``idp key``: signing keys and the master key (rule P7)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from idp.accounts.models import ENCRYPTED_COLUMNS as ACCOUNT_COLUMNS
from idp.audit import details
from idp.audit.events import Event
from idp.commands.deployment import actor, open_services, refuse
from idp.commands.events import note_use, required_reason
from idp.commands.output import advancing, json_option, print_json, print_table
from idp.factors.models import ENCRYPTED_COLUMNS as FACTOR_COLUMNS
from idp.keyring.reencryption import EncryptedColumn
from idp.notices.models import ADDRESS
from idp.sessions.values import Ended
from idp.signals.ssf.models import ENCRYPTED_COLUMNS as STREAM_COLUMNS

if TYPE_CHECKING:
    from idp.wiring import Services

# Declared here, because the audit record lies below the keyring, and the notices beside it know no type of it.
_AUDIT_COLUMNS = (EncryptedColumn("audit_detail", "event_id", "opening", details.COLUMN),)
_NOTICE_COLUMNS = (EncryptedColumn("notice", "id", "address", ADDRESS),)
_BATCHES = 20
_COLUMNS = (*_AUDIT_COLUMNS, *ACCOUNT_COLUMNS, *FACTOR_COLUMNS, *STREAM_COLUMNS, *_NOTICE_COLUMNS)


@click.group("key")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """List and rotate signing keys, re-encrypt columns, remove former master keys."""


@COMMAND.command("list")
@json_option
def list_keys(*, as_json: bool) -> None:
    """List every signing key and the master keys."""
    with open_services() as services:
        note_use(services, "key list")
        keys, masters = services.keyring.list_keys(), services.keyring.master_keys()
    if as_json:
        print_json({"signing_keys": keys, "master_keys": masters})
        return
    print_table(
        ("algorithm", "state", "key", "published", "signs from", "retired"),
        [(key.alg, key.state, key.kid, key.published_at, key.activates_at, key.retired_at) for key in keys],
        empty="There are no keys yet.",
    )
    click.echo(f"master keys, the current one first: {', '.join(masters)}")


@COMMAND.command()
@click.option(
    "--emergency", is_flag=True, help="Sign with the waiting key at once; what the old one signed is refused."
)
@click.option("--alg", help="Only this algorithm.")
@click.option("--reason", help="Why, for the audit record. Required in an emergency.")
@click.option("--keep-sessions", is_flag=True, help="In an emergency, do not end every session.")
@json_option
def rotate(alg: str | None, reason: str | None, *, emergency: bool, keep_sessions: bool, as_json: bool) -> None:
    """Replace signing keys: as soon as the waiting key has been published long enough, in an emergency at once."""
    if emergency and not reason:
        raise click.UsageError("--emergency needs --reason.")
    with open_services() as services:
        note_use(services, "key rotate", reason=reason, takes_away=emergency, emergency=emergency, alg=alg)
        events: Sequence[Event]
        if emergency and reason:
            events = services.key_changes.replace_at_once(
                actor=actor(), reason=reason, alg=alg, keep_sessions=keep_sessions
            )
            _end_sessions(services)
        else:
            events = services.keyring.rotate(alg=alg, actor=actor(), reason=reason)
        keys = services.keyring.list_keys()
    if as_json:
        print_json({"events": len(events), "signing_keys": keys})
        return
    click.echo(f"{len(events)} changes.")
    print_table(
        ("algorithm", "state", "key", "signs from"),
        [(key.alg, key.state, key.kid, key.activates_at) for key in keys if key.state != "retained"],
        empty="There are no keys.",
    )


def _end_sessions(services: Services) -> None:
    """Carry on with what the worker has not ended yet, so that no worker is needed for it."""
    sweeps = services.sessions.sweeps
    while (sweep := sweeps.unfinished(None)) and (ended := sweeps.run(sweep.id, most_batches=_BATCHES)) != Ended():
        click.echo(f"{ended.sessions} sessions ended.", err=True)


@COMMAND.command()
@click.option("--new-master", is_flag=True, help="Make a new master key first.")
@json_option
def reencrypt(*, new_master: bool, as_json: bool) -> None:
    """Bring every encrypted column under the current master key. May be interrupted and run again."""
    with open_services() as services:
        note_use(services, "key reencrypt", new_master=new_master)
        if new_master:
            click.echo(f"new master key: {services.keyring.new_master_key(actor=actor())}", err=True)
        with click.progressbar(length=0, label="re-encrypting", file=sys.stderr) as bar:
            results = services.keyring.reencrypt(_COLUMNS, progress=advancing(bar), actor=actor())
    if as_json:
        print_json(results)
    else:
        print_table(
            ("column", "re-encrypted", "unreadable"),
            [(one.name, one.rows, one.failed) for one in results],
            empty="Nothing is encrypted.",
        )
    if any(one.failed for one in results):
        refuse("some values could not be read; they were left as they are")


@COMMAND.command("remove-master")
@click.argument("key")
@required_reason()
@click.option("--void-rest", is_flag=True, help="Remove it although passwords or tokens become worthless with it.")
def remove_master(key: str, reason: str, *, void_rest: bool) -> None:
    """Destroy a former master key, for good: as soon as nothing stands under it any more."""
    from idp.commands.master_keys import still_needed  # noqa: PLC0415 - it imports the protocol

    with open_services() as services:
        masters = services.keyring.master_keys()
        if key not in masters:
            refuse(f"there is no master key {key}. See: idp key list")
        needed = [] if key == masters[0] or void_rest else still_needed(services, key)
        if needed:
            refuse(
                f"nothing was removed: master key {key} is still needed for {', '.join(needed)}. Wait until these have"
                " ended, or give them up with --void-rest: those people need a new password or sign in again"
            )
        note_use(services, "key remove-master", reason=reason, takes_away=True, key=key, void_rest=void_rest)
        services.keyring.remove_master_key(key, _COLUMNS, actor=actor())
    click.echo(f"Master key {key} is destroyed. Backups from before it was replaced cannot be read without a copy.")
