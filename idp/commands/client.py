"""``idp client``: registrations (RFC 7591 names in TOML or JSON files), approval, emergency stop, secrets."""

from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from idp.commands.deployment import actor, open_services, refuse
from idp.commands.events import note_use
from idp.commands.initial_tokens import INITIAL_TOKEN_COMMANDS
from idp.commands.officers import officer_for, reason_option
from idp.commands.output import json_option, plain, print_facts, print_json, print_table, shown
from idp.foundation.errors import UserError
from idp.foundation.settings import Settings
from idp.interventions.client_changes import PUBLISH
from idp.registry.errors import RegistrationUnreadable
from idp.registry.files import read_registration
from idp.registry.members import LEGACY
from idp.registry.service import SECRET_OVERLAP
from idp.registry.views import Applied, ClientDetail, Refused
from idp.sessions.values import Ended
from idp.staff.powers import Permission
from idp.staff.values import Officer
from idp.wiring import Services

Outcome = TypeVar("Outcome")


@click.group("client")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """Register client sites, approve and stop them."""


for _command in INITIAL_TOKEN_COMMANDS:
    COMMAND.add_command(_command)


@COMMAND.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--set", "values", multiple=True, metavar="NAME=VALUE", help="Fill in ${NAME}. May be given several times."
)
@json_option
def apply(files: tuple[Path, ...], values: tuple[str, ...], *, as_json: bool) -> None:
    """Create or update registrations from files. Prints what changed; doing it twice changes nothing."""
    substitutions = _pairs(values)
    registrations = [(path, read_registration(path)) for path in files]
    outcomes = []
    # One transaction for all files: when one is refused, none is applied.
    with open_services() as services, services.database.transaction():
        for path, registration in registrations:
            outcome = services.registry.apply(registration, actor=actor(), substitutions=substitutions)
            if isinstance(outcome, Refused):
                raise RegistrationUnreadable(f"{path}: {_in_words(outcome)}")
            outcomes.append(outcome)
            if outcome.changes:
                note_use(services, "client apply", client=outcome.client_id, file=path.name)
    if as_json:
        print_json([_revealed(outcome) for outcome in outcomes])
        return
    for outcome in outcomes:
        _print_applied(outcome, services.settings)


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(value.partition("=")[::2] for value in values)
    if any("=" not in value for value in values):
        raise click.BadParameter("must be NAME=VALUE", param_hint="--set")
    return pairs


def _print_applied(outcome: Applied, settings: Settings) -> None:
    in_production = settings.environment == "production"
    approval = "two officers, in the console" if in_production else f"idp client approve {outcome.client_id}"
    verb = {
        "published": "registered and in force" if outcome.is_new else "updated and in force",
        "draft": f"waits for approval: {approval}",
        "unchanged": "unchanged",
    }[outcome.status]
    click.echo(f"{outcome.client_id}: {verb} (version {outcome.version})")
    for change in outcome.changes:
        if outcome.is_new and change.before is None:
            continue
        click.echo(f"  {change.member}: {shown(change.before)} -> {shown(change.after)}")
    if outcome.is_new:
        _print_settings(outcome, settings.issuer)
    if outcome.new_secret is not None:
        _print_secret(outcome.new_secret.reveal())


def _print_settings(outcome: Applied, issuer: str) -> None:
    """Print what the site's library needs to be told; its own defaults are others more often than not."""
    members = {change.member: change.after for change in outcome.changes}
    click.echo(f"  issuer: {issuer}")
    for name in ("token_endpoint_auth_method", "id_token_signed_response_alg", "scope"):
        if members.get(name):
            click.echo(f"  {name}: {members[name]}")
    if "code" in members.get("response_types", ()) and members.get("policy.profile") != LEGACY:
        click.echo("  code_challenge_method: S256 (switch PKCE on)")


def _print_secret(secret: str) -> None:
    click.echo(f"  client_secret: {secret}")
    click.echo("  It is shown this once and cannot be shown again.")


def _revealed(outcome: Applied) -> dict[str, Any]:
    values: dict[str, Any] = plain(outcome)
    values["new_secret"] = None if outcome.new_secret is None else outcome.new_secret.reveal()
    return values


@COMMAND.command("list")
@json_option
def list_clients(*, as_json: bool) -> None:
    """List every client."""
    with open_services() as services:
        note_use(services, "client list")
        clients = services.registry.list()
    if as_json:
        print_json(clients)
        return
    print_table(
        ("client", "name", "agency", "state", "profile", "version", "draft"),
        [
            (
                one.client_id,
                one.client_name,
                one.agency,
                one.state,
                one.profile,
                one.published_version,
                one.draft_version,
            )
            for one in clients
        ],
        empty="No client is registered.",
    )


@COMMAND.command()
@click.argument("client_id", metavar="ID")
@json_option
def show(client_id: str, *, as_json: bool) -> None:
    """Show a client: what is in force, what waits for approval, its versions. Never its secrets."""
    with open_services() as services:
        note_use(services, "client show", client=client_id)
        detail = services.registry.show(client_id)
    if detail is None:
        refuse(f"there is no client {client_id!r}")
    if as_json:
        print_json(detail)
        return
    content = detail.content or detail.draft or {}
    policy = content.get("policy", {})
    print_facts(
        [
            ("client", detail.client_id),
            ("state", detail.state),
            ("environment", detail.environment),
            ("version in force", detail.published_version),
            ("live secrets", detail.live_secrets),
            ("tokens not before", detail.not_before),
            *((name, value) for name, value in sorted(content.items()) if name not in {"policy", "client_id"}),
            *((f"policy.{name}", value) for name, value in sorted(policy.items()) if name != "environment"),
        ]
    )
    for finding in detail.findings:
        click.echo(f"look at  {finding}")
    for change in detail.pending_changes:
        click.echo(f"waiting for approval  {change.member}: {shown(change.before)} -> {shown(change.after)}")


@COMMAND.command()
@click.argument("client_id", metavar="ID")
@reason_option
def propose(client_id: str, reason: str) -> None:
    """Put the draft of a client before the officers who approve it; in production as a signed-in officer."""
    with open_services() as services:
        officer = officer_for(services, Permission.CHANGE_CLIENTS, reason)
        if officer is None:
            refuse(f"outside production one command approves: idp client approve {client_id}")
        detail = _look_after(services, officer, client_id)
        draft = next((one for one in detail.versions if one.is_open), None)
        if draft is None:
            refuse(f"there is no draft of {client_id!r}; idp client apply makes one")
        asked = services.client_changes.propose_version(client_id, draft.number, officer, reason, services.changes)
        note_use(services, "client propose", reason=reason, officer=officer, client=client_id)
    click.echo(f"{client_id}: version {draft.number} waits for two officers (request {asked}).")


@COMMAND.command()
@click.argument("client_id", metavar="ID")
@reason_option
@click.option("--digest", default="", help="In production: the digest of the content that you have looked at.")
def approve(client_id: str, reason: str, digest: str) -> None:
    """Put the draft of a client into force; in production, give a signed-in officer's approval to it."""
    with open_services() as services:
        officer = officer_for(services, Permission.APPROVE_CLIENTS, reason)
        if officer is not None:
            _approve_as(services, officer, client_id, reason, digest)
            return
        outcome = _done(services.registry.approve(client_id, actor=actor()))
        note_use(services, "client approve", client=client_id)
    click.echo(f"{client_id}: version {outcome.version} is in force.")


def _approve_as(services: Services, officer: Officer, client_id: str, reason: str, digest: str) -> None:
    """Approve what waits, as the console does. Without the digest nothing is approved unseen: it is shown."""
    change = next((one for one in services.changes.open_requests(target=client_id) if one.kind == PUBLISH), None)
    if change is None:
        refuse(f"nothing about {client_id!r} waits for approval; propose it in the console or with idp client propose")
    if digest != change.digest:
        comparison = services.registry.compare(client_id, change.content["version"])
        for one in comparison.changes if comparison else ():
            click.echo(f"  {one.member}: {shown(one.before)} -> {shown(one.after)}")
        refuse(f"look at what would change, then give --digest {change.digest}")
    try:
        done = services.changes.approve(change.id, digest, officer)
    except UserError as error:
        refuse(str(error))
    note_use(services, "client approve", reason=reason, officer=officer, client=client_id)
    click.echo(f"{client_id}: {len(done.approver_ids)} of {done.approvals_needed} approvals, {done.state}.")


@COMMAND.command()
@click.argument("client_id", metavar="ID")
@click.option("--reason", default="", help="Why, for the audit record.")
def suspend(client_id: str, reason: str) -> None:
    """Stop a client at once: no sign-in, no token, and every session and grant of it ends."""
    with open_services() as services:
        ended = _done(services.client_changes.stop(client_id, actor=actor(), reason=reason or None))
        sweeps = services.sessions.sweeps
        while (sweep := sweeps.unfinished(client_id)) and (more := sweeps.run(sweep.id)) != Ended():
            ended += more
        note_use(services, "client suspend", reason=reason, takes_away=True, client=client_id)
    click.echo(f"{client_id}: suspended; {ended.client_sessions} sessions and {ended.grants} grants ended.")


@COMMAND.command()
@click.argument("client_id", metavar="ID")
@click.option("--reason", default="", help="Why, for the audit record.")
def resume(client_id: str, reason: str) -> None:
    """Let a suspended client work again. What was issued before stays void."""
    with open_services() as services:
        officer = officer_for(services, Permission.STOP_CLIENTS, reason)
        if officer is not None:
            _look_after(services, officer, client_id)
            asked = services.client_changes.ask_to_resume(client_id, officer, reason, services.changes)
        else:
            _resume(services, client_id, reason)
        note_use(services, "client resume", reason=reason, officer=officer, client=client_id)
    click.echo(f"{client_id}: active." if officer is None else f"{client_id}: waits for approval (request {asked}).")


def _resume(services: Services, client_id: str, reason: str) -> None:
    try:
        _done(services.client_changes.resume(client_id, actor=actor(), reason=reason or None))
    except UserError as error:
        refuse(str(error))


@COMMAND.command("rotate-secret")
@click.argument("client_id", metavar="ID")
@click.option("--now", is_flag=True, help="The old secret stops working at once, not after the overlap.")
@reason_option
@json_option
def rotate_secret(client_id: str, reason: str, *, now: bool, as_json: bool) -> None:
    """Issue a new secret; the old one works for another seven days."""
    with open_services() as services:
        officer = officer_for(services, Permission.CHANGE_CLIENTS, reason)
        if officer is not None:
            _look_after(services, officer, client_id)
        overlap = timedelta(0) if now else SECRET_OVERLAP
        outcome = _done(services.registry.rotate_secret(client_id, actor=actor(officer), overlap=overlap))
        note_use(services, "client rotate-secret", reason=reason, officer=officer, client=client_id, now=now)
    secret, ends = outcome.secret.reveal(), outcome.old_secret_ends
    if as_json:
        print_json({"client_id": client_id, "client_secret": secret, "old_secret_ends": ends})
        return
    click.echo(f"{client_id}: a new secret.")
    _print_secret(secret)
    if ends is not None:
        click.echo(f"  The old secret ends at {shown(ends)}.")


def _look_after(services: Services, officer: Officer, client_id: str) -> ClientDetail:
    """Return a client that this officer may act on; a delegate's are those of one agency."""
    detail = services.registry.show(client_id)
    if detail is None or not officer.looks_after(detail.agency):
        refuse(f"there is no client {client_id!r}")
    return detail


def _done(outcome: Outcome | Refused) -> Outcome:
    """Return the outcome of an action that was done; end the command if it was refused."""
    if isinstance(outcome, Refused):
        refuse(_in_words(outcome))
    return outcome


def _in_words(refused: Refused) -> str:
    return "; ".join(str(problem) for problem in refused.problems)
