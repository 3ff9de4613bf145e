"""``idp client``: registrations (RFC 7591 names in TOML or JSON files), approval, emergency stop, secrets."""

from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from idp.commands.deployment import actor, open_services, refuse
from idp.commands.events import note_use
from idp.commands.output import json_option, plain, print_facts, print_json, print_table, shown
from idp.registry.errors import RegistrationUnreadable
from idp.registry.files import read_registration
from idp.registry.members import LEGACY, SLUG
from idp.registry.service import SECRET_OVERLAP
from idp.registry.views import Applied, Refused
from idp.sessions.values import Selector

Outcome = TypeVar("Outcome")


@click.group("client")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """Register client sites, approve and stop them."""


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
        _print_applied(outcome)


def _pairs(values: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(value.partition("=")[::2] for value in values)
    if any("=" not in value for value in values):
        raise click.BadParameter("must be NAME=VALUE", param_hint="--set")
    return pairs


def _print_applied(outcome: Applied) -> None:
    verb = {
        "published": "registered and in force" if outcome.is_new else "updated and in force",
        "draft": "waits for approval: idp client approve " + outcome.client_id,
        "unchanged": "unchanged",
    }[outcome.status]
    click.echo(f"{outcome.client_id}: {verb} (version {outcome.version})")
    for change in outcome.changes:
        if outcome.is_new and change.before is None:
            continue
        click.echo(f"  {change.member}: {shown(change.before)} -> {shown(change.after)}")
    if outcome.new_secret is not None:
        _print_secret(outcome.new_secret.reveal())


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
    for change in detail.pending_changes:
        click.echo(f"waiting for approval  {change.member}: {shown(change.before)} -> {shown(change.after)}")


@COMMAND.command()
@click.argument("client_id", metavar="ID")
def approve(client_id: str) -> None:
    """Put the draft of a client into force."""
    with open_services() as services:
        outcome = _done(services.registry.approve(client_id, actor=actor()))
        note_use(services, "client approve", client=client_id)
    click.echo(f"{client_id}: version {outcome.version} is in force.")


@COMMAND.command()
@click.argument("client_id", metavar="ID")
@click.option("--reason", default="", help="Why, for the audit record.")
def suspend(client_id: str, reason: str) -> None:
    """Stop a client at once: no sign-in, no token, and every session and grant of it ends."""
    with open_services() as services:
        _done(services.registry.suspend(client_id, actor=actor(), reason=reason or None))
        note_use(services, "client suspend", reason=reason, client=client_id)
        ended = services.sessions.terminate(Selector(client_id=client_id), reason="client_suspended", actor=actor())
    click.echo(f"{client_id}: suspended; {ended.client_sessions} sessions and {ended.grants} grants ended.")


@COMMAND.command("initial-token")
@click.option("--agency", required=True, help="The agency whose clients may be registered with it.")
@click.option(
    "--profile",
    type=click.Choice(["standard", LEGACY]),
    default="standard",
    show_default=True,
    help="legacy-oidc: for clients that cannot use PKCE; they end when the token does.",
)
@click.option("--uses", type=click.IntRange(1, 100), default=1, show_default=True, help="How many clients.")
@click.option("--days", type=click.IntRange(1, 30), default=7, show_default=True, help="How long it is accepted.")
@json_option
def initial_token(agency: str, profile: str, uses: int, days: int, *, as_json: bool) -> None:
    """Let an agency register clients by itself at /register (RFC 7591). The token is shown once."""
    if not SLUG.match(agency):
        raise click.BadParameter("lower-case letters, digits, dots or hyphens", param_hint="--agency")
    with open_services() as services:
        issued = services.initial_tokens.issue(
            agency, profile=profile, uses=uses, lifetime=timedelta(days=days), actor=actor()
        )
        note_use(services, "client initial-token", agency=agency, profile=profile, uses=uses, days=days)
    if as_json:
        print_json({"initial_access_token": issued.token.reveal(), "expires_at": issued.expires_at})
        return
    click.echo(f"{agency}: may register {uses} client(s) until {shown(issued.expires_at)}.")
    click.echo(f"  Initial access token, shown only now: {issued.token.reveal()}")


@COMMAND.command()
@click.argument("client_id", metavar="ID")
@click.option("--reason", default="", help="Why, for the audit record.")
def resume(client_id: str, reason: str) -> None:
    """Let a suspended client work again. What was issued before stays void."""
    with open_services() as services:
        _done(services.registry.resume(client_id, actor=actor(), reason=reason or None))
        note_use(services, "client resume", reason=reason, client=client_id)
    click.echo(f"{client_id}: active.")


@COMMAND.command("rotate-secret")
@click.argument("client_id", metavar="ID")
@click.option("--now", is_flag=True, help="The old secret stops working at once, not after the overlap.")
@json_option
def rotate_secret(client_id: str, *, now: bool, as_json: bool) -> None:
    """Issue a new secret; the old one works for another seven days."""
    with open_services() as services:
        overlap = timedelta(0) if now else SECRET_OVERLAP
        outcome = _done(services.registry.rotate_secret(client_id, actor=actor(), overlap=overlap))
        note_use(services, "client rotate-secret", client=client_id, now=now)
    secret, ends = outcome.secret.reveal(), outcome.old_secret_ends
    if as_json:
        print_json({"client_id": client_id, "client_secret": secret, "old_secret_ends": ends})
        return
    click.echo(f"{client_id}: a new secret.")
    _print_secret(secret)
    if ends is not None:
        click.echo(f"  The old secret ends at {shown(ends)}.")


def _done(outcome: Outcome | Refused) -> Outcome:
    """Return the outcome of an action that was done; end the command if it was refused."""
    if isinstance(outcome, Refused):
        refuse(_in_words(outcome))
    return outcome


def _in_words(refused: Refused) -> str:
    return "; ".join(str(problem) for problem in refused.problems)
