"""``idp account``: opening accounts one by one and in bulk, showing, locking and unlocking them.

Passwords, secrets and personal numbers come from files or standard input; as plain arguments in development only (rule
O2).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from idp.accounts.draft import NewAccount
from idp.accounts.errors import AccountUnknown
from idp.accounts.identifiers import parse_identifier
from idp.accounts.importing.ledger import Reject
from idp.accounts.importing.lines import kind_of
from idp.accounts.importing.reader import holds
from idp.accounts.importing.service import ImportOutcome, ImportProgress
from idp.accounts.kinds import KINDS, staff
from idp.accounts.organizations import NewMembership
from idp.accounts.tails import TailIndexing
from idp.commands.deployment import actor, open_services, read_secret_file, read_settings, read_stdin, refuse
from idp.commands.events import note_use
from idp.commands.officers import needs_officer, officer_for
from idp.commands.output import advancing, json_option, print_facts, print_json
from idp.sessions.values import Selector
from idp.staff.powers import Permission

if TYPE_CHECKING:
    from idp.wiring import Services

_PRIVATE = {"id_number": "--id-number", "phone": "--phone", "email": "--email", "totp_secret": "--totp-secret"}
_STAFF = staff.KIND.name
_FILE = click.Path(path_type=Path, allow_dash=True)


@click.group("account")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """Open, import, show, lock and unlock accounts."""


@COMMAND.command()
@click.option(
    "--kind", type=click.Choice([kind.name for kind in KINDS]), required=True, help="Who this account is for."
)
@click.option("--username", required=True, help="What the person signs in with.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--password-file", type=_FILE, help="Read the password from a file.")
@click.option("--totp-secret", help="Base32 secret of an authenticator app (development only).")
@click.option("--totp-secret-file", type=_FILE, help="The same from a file.")
@click.option("--name", help="Legal name of the person.")
@click.option("--id-number", help="Resident ID number (development only).")
@click.option("--id-number-file", type=_FILE, help="The same from a file.")
@click.option("--phone", help="Mobile number (development only).")
@click.option("--phone-file", type=_FILE, help="The same from a file.")
@click.option("--email", help="E-mail address (development only).")
@click.option("--email-file", type=_FILE, help="The same from a file.")
@click.option("--address", help="Postal address (development only).")
@click.option("--uscc", help="Unified social credit code of the organization acted for.")
@click.option("--organization-name", help="Its name, where it is not known yet.")
@click.option("--organization-name-en", help="The same in English.")
@click.option("--organization-role", help="What the person is there; default agent.")
@click.option("--role", "roles", multiple=True, help="A staff role. May be given several times.")
@click.option("--agency", help="The agency of a staff account.")
@click.option("--ial-source", help="Who proved the identity: self_asserted, population_register or counter.")
@click.option("--language", "preferred_language", help="zh-Hans or en.")
@click.option("--demonstration", "is_demonstration", is_flag=True, help="Mark it as made up; production refuses such.")
@click.option("--reason", default="", help="Why, for the audit record; in production staff accounts need it.")
@json_option
def create(**given: Any) -> None:
    """Open an account. Prints its id. Nothing is written unless all of it is right."""
    as_json, reason = given.pop("as_json"), given.pop("reason")
    _take_private_values(given)
    password = _password(given.pop("password_stdin"), given.pop("password_file"))
    totp_secret = given.pop("totp_secret")
    new = _new_account(given)
    with open_services() as services:
        account_id = _create(services, new, password, totp_secret, reason=reason)
    if as_json:
        print_json({"id": account_id, "username": new.username, "kind": new.kind})
    else:
        click.echo(f"{account_id}  {new.kind} {new.username}")


def _take_private_values(given: dict[str, Any]) -> None:
    """Replace each ``x_file`` by the value it holds; refuse plain values outside development."""
    is_development = read_settings().is_development
    for name, option in _PRIVATE.items():
        path = given.pop(f"{name}_file")
        if path is not None and given[name] is not None:
            raise click.UsageError(f"{option} and {option}-file exclude each other.")
        if path is not None:
            given[name] = read_secret_file(path, option.removeprefix("--"))
        elif given[name] is not None and not is_development:
            raise click.UsageError(f"{option} as an argument is for development only; use {option}-file.")
    if given["address"] is not None and not is_development:
        raise click.UsageError("--address as an argument is for development only; use idp account import.")


def _password(from_stdin: bool, path: Path | None) -> str | None:  # noqa: FBT001 - two sources of one value
    if from_stdin and path is not None:
        raise click.UsageError("--password-stdin and --password-file exclude each other.")
    if from_stdin:
        return read_stdin("password")
    return None if path is None else read_secret_file(path, "the password")


def _new_account(given: dict[str, Any]) -> NewAccount:
    organization = {
        "uscc": given.pop("uscc"),
        "name": given.pop("organization_name"),
        "name_en": given.pop("organization_name_en"),
        "role": given.pop("organization_role"),
    }
    if given["kind"] == "enterprise" and len(given["roles"]) == 1 and organization["role"] is None:
        # An enterprise account has no roles of its own; the one that is named is what it is in its organization.
        organization["role"], given["roles"] = given["roles"][0], ()
    if organization["uscc"] is None and any(organization.values()):
        raise click.UsageError("--organization-name and --organization-role need --uscc.")
    membership = {name: value for name, value in organization.items() if value is not None}
    memberships = (NewMembership(**membership),) if membership else ()
    return NewAccount(**given, memberships=memberships)


def _create(services: Services, new: NewAccount, password: str | None, totp_secret: str | None, *, reason: str) -> UUID:
    officer = None
    # The first officers need accounts before there is anybody who could sign in for it.
    if new.kind == _STAFF and services.staff.has_history():
        officer = officer_for(services, Permission.CHANGE_STAFF, reason)
    who = actor(officer)
    with services.database.transaction():
        account_id = services.accounts.create(new, actor=who)
        note_use(services, "account create", reason=reason, officer=officer, kind=new.kind, account=account_id)
        if password is not None:
            services.factors.set_password(account_id, password, has_second_factor=totp_secret is not None, actor=who)
        if totp_secret is not None:
            services.factors.add_totp(account_id, totp_secret, actor=who)
    return account_id


@COMMAND.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.jsonl")
@click.option("--reason", default="", help="Why, for the audit record; in production staff accounts need it.")
@json_option
def import_accounts(file: Path, reason: str, *, as_json: bool) -> None:
    """Import accounts, one JSON object a line. Run it again to go on after an interruption.

    A bad line is reported with its number and keeps no other from being imported. Password hashes may be argon2id,
    bcrypt, scrypt or pbkdf2 in PHC form. In production a file with staff accounts needs a signed-in officer.
    """
    progress_bar = click.progressbar(length=file.stat().st_size, label="importing", file=sys.stderr)
    with open_services() as services:
        outcome = _import(services, file, reason, progress_bar)
    if as_json:
        print_json(outcome)
    else:
        words = "was finished before" if outcome.was_finished else "finished"
        click.echo(f"{words}: {outcome.accepted} accounts imported, {outcome.rejected} lines rejected")
    if outcome.rejected:
        refuse(f"{outcome.rejected} lines were rejected; mend them and import them as a file of their own")


def _import(services: Services, file: Path, reason: str, progress_bar: Any) -> ImportOutcome:  # noqa: ANN401 - click's, unnamed
    is_guarded = needs_officer(services) and services.staff.has_history()
    officer = officer_for(services, Permission.CHANGE_STAFF, reason) if is_guarded and holds(file, _is_staff) else None
    # What was looked at may be another file by now: without an officer the import itself lets no such line in.
    barred = {_STAFF} if is_guarded and officer is None else ()
    with progress_bar as bar:

        def advance(progress: ImportProgress) -> None:
            bar.update(progress.bytes_done - bar.pos)

        def report(reject: Reject) -> None:
            click.echo(f"line {reject.line}: {reject.reason}", err=True)

        note_use(services, "account import", reason=reason, officer=officer, file=file.name)
        return services.accounts.import_lines(
            file,
            store_password=services.factors.store_imported,
            check_password_hash=services.factors.check_imported,
            on_reject=report,
            on_progress=advance,
            actor=actor(officer),
            barred=barred,
        )


def _is_staff(line: bytes) -> bool:
    return kind_of(line) == _STAFF


@COMMAND.command("index-tails")
@json_option
def index_tails(*, as_json: bool) -> None:
    """Index the ends of numbers stored by versions before migration 0019, so that staff find them. May be run again."""
    with open_services() as services:
        note_use(services, "account index-tails")
        with click.progressbar(length=0, label="indexing", file=sys.stderr) as bar:
            indexed, failed = TailIndexing(services.database, services.keyring).run(advancing(bar))
    if as_json:
        print_json({"indexed": indexed, "unreadable": failed})
    else:
        click.echo(f"{indexed} numbers indexed, {failed} could not be read")
    if failed:
        refuse("some numbers could not be read; they were left as they are")


@COMMAND.command()
@click.argument("username", metavar="USERNAME")
@click.option("--reason", default="", help="Why, for the audit record.")
def lock(username: str, reason: str) -> None:
    """Let nobody sign in to an account, and end all its sessions."""
    with open_services() as services:
        account_id = find_account(services, username)
        note_use(services, "account lock", reason=reason, takes_away=True, account=account_id)
        changed = services.accounts.lock(account_id, reason or "command", actor())
        ended = services.sessions.terminate(Selector(account_id=account_id), reason="locked", actor=actor())
    words = "locked" if changed else "was locked already"
    click.echo(f"{username}: {words}; {ended.sessions} sessions and {ended.grants} grants ended.")


@COMMAND.command()
@click.argument("username", metavar="USERNAME")
@click.option("--reason", default="", help="Why, for the audit record.")
def unlock(username: str, reason: str) -> None:
    """Let an account sign in again."""
    with open_services() as services:
        account_id = find_account(services, username)
        officer = officer_for(services, Permission.RESTRICT_ACCOUNTS, reason)
        note_use(services, "account unlock", reason=reason, officer=officer, account=account_id)
        changed = services.accounts.unlock(account_id, reason or "command", actor(officer))
    click.echo(f"{username}: {'unlocked' if changed else 'was not locked'}.")


@COMMAND.command()
@click.argument("username", metavar="USERNAME")
@json_option
def show(username: str, *, as_json: bool) -> None:
    """Show an account, its authenticators, organizations and sessions. Personal values are masked."""
    with open_services() as services:
        account_id = find_account(services, username)
        note_use(services, "account show", account=account_id)
        account = services.accounts.get(account_id)
        if account is None:
            raise AccountUnknown
        facts: dict[str, Any] = {
            "account": account,
            "memberships": services.accounts.memberships(account_id),
            "authenticators": _authenticators(services, account_id),
            "live_sessions": len(services.sessions.list(account_id=account_id)),
        }
    if as_json:
        print_json(facts)
        return
    print_facts(
        [
            ("id", account.id),
            ("kind", account.kind),
            ("username", account.username),
            ("name", account.masked_name),
            ("ID number", account.masked_id_number),
            ("phone", account.masked_phone),
            ("e-mail", account.masked_email),
            ("identity level", f"{account.ial} ({account.ial_source})"),
            ("roles", account.roles),
            ("agency", account.agency),
            ("organizations", [f"{one.name} ({one.role})" for one in facts["memberships"]]),
            ("authenticators", facts["authenticators"]),
            ("live sessions", facts["live_sessions"]),
            ("created", account.created_at),
            ("locked", account.locked_at),
            ("closed", account.closed_at),
        ]
    )


def _authenticators(services: Services, account_id: UUID) -> tuple[str, ...]:
    enrolled = services.factors.enrolled(account_id)
    return tuple(sorted({authenticator.kind for authenticator in enrolled.authenticators}))


def find_account(services: Services, typed: str) -> UUID:
    """Return the account of a username; in development also of a phone or ID number."""
    identifier = parse_identifier(typed)
    if identifier.kind != "username" and not services.settings.is_development:
        raise click.UsageError("Name the account by its username; numbers as arguments are for development only.")
    found = services.accounts.find_for_sign_in(identifier)
    if found is None:
        refuse(f"there is no account {typed!r}" if identifier.kind == "username" else "there is no such account")
    return found.id
