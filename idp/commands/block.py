"""``idp block``: the block list from the terminal, by the same services as the console.

A narrow block only takes away, so that it may be made unattended, with an alarm; what gives, or is wide, needs an
officer in production (rule O2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from idp.blocks.values import ALLOW, BLOCK, EFFECTS, KINDS, STATES, Entry, EntryFilter
from idp.commands.deployment import actor, open_services, refuse
from idp.commands.events import note_use, required_reason
from idp.commands.officers import needs_officer, officer_for
from idp.commands.output import json_option, print_json, print_table
from idp.foundation.errors import UserError
from idp.staff.powers import Permission

if TYPE_CHECKING:
    from uuid import UUID

    from idp.blocks.values import Draft
    from idp.interventions.blocks import Asked
    from idp.wiring import Services

_MOST_LISTED = 10_000
_TOO_WIDE = (
    "this is too wide for one word, by itself or with what was listed from here within a day: a second officer has to"
    " approve it, so add it in the console or with --officer"
)


@click.group("block")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """List, add and lift what is blocked and allowed."""


@COMMAND.command("list")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@click.option("--state", type=click.Choice(STATES), default=STATES[0], show_default=True, help="In force, or over.")
@click.option("--about", metavar="TEXT", help="Only what an address, a domain or a number read out leads to.")
@click.option("--limit", type=click.IntRange(1, _MOST_LISTED), default=200, show_default=True, help="At most so many.")
@json_option
def list_entries(kind: str | None, state: str, about: str | None, limit: int, *, as_json: bool) -> None:
    """List entries, latest first."""
    with open_services() as services:
        note_use(services, "block list", kind=kind, state=state)
        ids = None if about is None else services.blocks.about(about)
        entries = services.blocks.page(EntryFilter(state, kind, ids=ids), size=limit)
    if as_json:
        print_json([_shown(entry) for entry in entries])
        return
    print_table(
        ("entry", "effect", "kind", "value", "until", "by", "reason"),
        [(one.id, one.effect, one.kind, one.value, one.expires_at, one.actor, one.reason) for one in entries],
        empty="Nothing is blocked or allowed.",
    )


@COMMAND.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("value", metavar="VALUE")
@click.option("--effect", type=click.Choice(EFFECTS), default=BLOCK, show_default=True, help="What the entry does.")
@click.option("--hours", type=click.IntRange(1, 8760), required=True, help="How long it lasts.")
@required_reason()
@click.option("--officer", "as_officer", is_flag=True, help="Sign in as an officer, as production asks for allowing.")
@json_option
def add(kind: str, value: str, effect: str, hours: int, reason: str, *, as_officer: bool, as_json: bool) -> None:
    """Block or allow a network (CIDR), an operator (AS number), a device (its id) or a domain of e-mail addresses."""
    with open_services() as services:
        try:
            draft = services.block_changes.draft(effect, kind, value, hours)
            entry = _add(services, draft, reason, as_officer=as_officer or effect == ALLOW)
        except UserError as error:
            refuse(str(error))
    if not isinstance(entry, Entry):
        click.echo(f"{draft.value} waits for another officer (request {entry.request_id}).")
    elif as_json:
        print_json(_shown(entry))
    else:
        click.echo(f"{entry.id}  {effect} {kind} {entry.value} until {entry.expires_at.isoformat(timespec='seconds')}")


def _add(services: Services, draft: Draft, reason: str, *, as_officer: bool) -> Entry | Asked:
    officer = officer_for(services, Permission.CHANGE_BLOCKS, reason) if as_officer else None
    note_use(
        services,
        "block add",
        reason=reason,
        officer=officer,
        takes_away=officer is None,
        effect=draft.effect,
        kind=draft.kind,
    )
    if officer is not None:
        return services.block_changes.add(draft, officer, reason, services.changes)
    if not needs_officer(services):
        return services.blocks.add(draft, actor=actor(), reason=reason)
    entry = services.block_changes.add_alone(draft, actor=actor(), reason=reason)
    return refuse(_TOO_WIDE) if entry is None else entry


@COMMAND.command()
@click.argument("entry_id", type=click.UUID, metavar="ID")
@required_reason()
def lift(entry_id: UUID, reason: str) -> None:
    """Take an entry out of force; in production as a signed-in officer."""
    with open_services() as services:
        officer = officer_for(services, Permission.CHANGE_BLOCKS, reason)
        note_use(services, "block lift", reason=reason, officer=officer, entry=entry_id)
        try:
            entry = services.blocks.lift(entry_id, actor=actor(officer), reason=reason)
        except UserError as error:
            refuse(str(error))
    click.echo(f"{entry.value}: the {entry.effect} is lifted; nodes know within seconds.")


def _shown(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "effect": entry.effect,
        "kind": entry.kind,
        "value": entry.value,
        "code": entry.code,
        "reason": entry.reason,
        "actor": entry.actor,
        "created_at": entry.created_at,
        "expires_at": entry.expires_at,
        "ended_at": entry.ended_at,
    }
