"""``idp audit``: exporting the audit record, and saying how far it and its events can be proven (rules A5, A8).

``verify`` of a file asks nothing of this deployment: neither its settings nor its database.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import click
import orjson

from idp.audit.export import export_lines
from idp.audit.leaf import canonical
from idp.audit.notes import Note, NoteMalformed, VerifierKey, parse_notes
from idp.audit.proofs import NotProvable
from idp.audit.proofs import prove as prove_event
from idp.audit.spreadsheet import COLUMNS, cells_of, csv_line
from idp.audit.verification import Report, Verification
from idp.commands.account import find_account
from idp.commands.deployment import actor, open_services, refuse
from idp.commands.events import note_use, required_reason
from idp.commands.officers import officer_for
from idp.commands.output import json_option, print_json
from idp.keyring.signers import is_ed25519_signature
from idp.staff.powers import Permission

if TYPE_CHECKING:
    from idp.wiring import Services

NOT_PROVEN: Final = 3
_MOST_SHOWN: Final = 50
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


class Moment(click.ParamType[datetime]):
    """A time in ISO 8601; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail("must be a time such as 2026-11-01 or 2026-11-01T08:00:00+08:00", param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class Key(click.ParamType[VerifierKey]):
    """A log's public key."""

    name = "key"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> VerifierKey:  # noqa: ANN401
        try:
            return value if isinstance(value, VerifierKey) else VerifierKey.parse(value)
        except NoteMalformed as error:
            self.fail(str(error), param, ctx)


@click.group("audit")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """Export the audit record, verify it, prove single events."""


@COMMAND.command()
@click.option("--since", type=Moment(), metavar="T", help="Only events from this time on (ISO 8601).")
@click.option("--sealed", is_flag=True, help="End at the newest checkpoint, so that all of it can be proven.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True, help="How.")
def export(since: datetime | None, form: str, *, sealed: bool) -> None:
    """Print the record. JSON lines can be verified; CSV is for spreadsheets."""
    with open_services() as services:
        if form == "csv":
            click.echo(csv_line(COLUMNS), nl=False)
            for record in services.audit.export(since=since):
                click.echo(csv_line(cells_of(record)), nl=False)
            return
        for line in _export_lines(services, since=since, sealed_only=sealed):
            click.echo(canonical(line).decode())


@COMMAND.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--checkpoint", "kept", type=_FILE, multiple=True, help="Checkpoints kept by somebody else, the witness.")
@click.option("--key", "trusted", type=Key(), help="The log's public key, as you know it.")
@click.option(
    "--as-of", type=Moment(), metavar="T", help="Do not hold later checkpoints against an export of this time."
)
@json_option
@click.pass_context
def verify(
    context: click.Context,
    file: Path | None,
    kept: Sequence[Path],
    trusted: VerifierKey | None,
    as_of: datetime | None,
    *,
    as_json: bool,
) -> None:
    """Verify the whole record: FILE, an export, or without it the database.

    Ends with 0 when every event, from the first to the last, is proven by a checkpoint that somebody else kept, with 3
    when some are only consistent in themselves or left out, with 1 when something was changed, removed, inserted,
    reordered or cut off.
    """
    independent = [note for path in kept for note in _kept(path) if as_of is None or note.checkpoint.time <= as_of]
    verification = Verification(is_ed25519_signature, independent=independent, trusted=trusted)
    with ExitStack() as stack:
        for number, line in enumerate(_lines(file, stack), start=1):
            try:
                verification.add(orjson.loads(line) if isinstance(line, bytes) else line)
            except (ValueError, KeyError, TypeError):
                verification.refuse(number)
    report = verification.report()
    if as_json:
        print_json(_as_json(report))
    else:
        _print(report)
    context.exit(0 if report.is_proven else NOT_PROVEN if report.is_consistent else 1)


def _lines(file: Path | None, stack: ExitStack) -> Iterator[Any]:
    """Yield the lines of a file or of the database, with a progress bar for whoever looks at standard error."""
    if file is not None:
        yield from _counted(stack.enter_context(file.open("rb")), file.stat().st_size, len)
        return
    services = stack.enter_context(open_services())
    lines = _export_lines(services)
    header = next(lines)
    yield header
    yield from _counted(lines, header["size"], lambda line: int("leaf_index" in line))


def _export_lines(services: Services, **chosen: Any) -> Iterator[dict[str, Any]]:
    return export_lines(services.database, services.audit.details, services.clock.now(), **chosen)


def _counted(lines: Iterable[Any], length: int, step: Callable[[Any], int]) -> Iterator[Any]:
    bar: Any = click.progressbar(length=max(length, 1), label="verifying", file=sys.stderr)
    with bar:
        for line in lines:
            bar.update(step(line))
            yield line


def _kept(path: Path) -> list[Note]:
    # A text that broke off may have broken off within a character.
    text = path.read_bytes().decode(errors="replace")
    try:
        notes, broken = parse_notes(text)
    except NoteMalformed as error:
        refuse(f"{path}: cannot be read as checkpoints ({error})")
    if broken:
        click.echo(f"{path}: {broken} checkpoints broke off while they were written; they were passed over", err=True)
    return notes


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "leaves": report.leaves,
        "proven": report.proven,
        "left_out": report.left_out,
        "unsealed": report.unsealed,
        "checkpoints": report.checkpoints,
        "keys": report.keys,
        "is_consistent": report.is_consistent,
        "is_tail_proven": report.is_tail_proven,
        "findings": [{"kind": one.kind, "leaf": one.leaf, "text": one.text} for one in report.findings],
    }


def _print(report: Report) -> None:
    for finding in report.findings[:_MOST_SHOWN]:
        click.echo(f"{finding.kind}: {finding.text}")
    if len(report.findings) > _MOST_SHOWN:
        click.echo(f"and {len(report.findings) - _MOST_SHOWN} more findings (--json lists all)")
    click.echo(
        f"{report.leaves} leaves, {report.checkpoints} checkpoints, signed by: {', '.join(report.keys) or 'nobody'}"
    )
    if report.left_out:
        click.echo(f"the first {report.left_out} events are left out of this export; their hashes are in it")
    if report.unsealed:
        click.echo(f"{report.unsealed} events are not sealed yet: nothing is proven about them")
    click.echo(_conclusion(report))


def _conclusion(report: Report) -> str:
    if not report.is_consistent:
        return "NOT the record that was sealed"
    if report.is_tail_proven:
        return "proven to its end"
    proven = f"{report.proven} leaves proven; " if report.proven else ""
    return f"{proven}internally consistent; tail not proven"


@COMMAND.command()
@click.argument("event", type=UUID)
@click.option(
    "--from", "kept", type=_FILE, help="A checkpoint kept from before: prove too that the log grew out of it."
)
def prove(event: UUID, kept: Path | None) -> None:
    """Print the proof that EVENT is in the record, for clients/verify_audit_proof.py."""
    note = None if kept is None else _kept(kept)[-1]
    with open_services() as services:
        try:
            print_json(prove_event(services.database, services.audit.details, event, kept=note))
        except NotProvable as error:
            refuse(str(error))


@COMMAND.command()
@click.argument("username", metavar="USERNAME")
@required_reason("The legal ground, for the audit record.")
def erase(username: str, reason: str) -> None:
    """Erase the personal values in the events about and by an account. The record stays as provable as it was."""
    with open_services() as services:
        officer = officer_for(services, Permission.ERASE_PERSONAL_VALUES, reason)
        account_id = find_account(services, username)
        if officer is not None and officer.account_id == account_id:
            refuse("nobody erases their own traces; another security officer does")
        if services.legal_holds.of_account(account_id):
            refuse(f"{username} is under a legal hold: nothing of it is erased until the hold has ended")
        note_use(services, "audit erase", reason=reason, officer=officer, account=account_id)
        count = services.erasure.erase(account_id, actor=actor(officer), reason=reason)
    click.echo(f"{username}: erased in {count} events.")


@COMMAND.command("rotate-key")
@required_reason()
def rotate_key(reason: str) -> None:
    """Sign checkpoints with a new key. The change is an event that both keys sign."""
    with open_services() as services:
        note_use(services, "audit rotate-key", reason=reason)
        click.echo(services.sealer.change_key(actor=actor(), reason=reason))
