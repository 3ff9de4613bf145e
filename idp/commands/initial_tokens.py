"""``idp client initial-token``: what lets an agency register clients by itself (RFC 7591 §3, initial access tokens)."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import click

from idp.commands.deployment import actor, open_services, refuse
from idp.commands.events import note_use, required_reason
from idp.commands.officers import officer_for, reason_option
from idp.commands.output import json_option, print_json, print_table, shown
from idp.foundation.errors import UserError
from idp.registry.members import LEGACY
from idp.staff.powers import Permission


@click.command("initial-token")
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
@reason_option
@json_option
def initial_token(agency: str, profile: str, uses: int, days: int, reason: str, *, as_json: bool) -> None:
    """Let an agency register clients by itself at /register (RFC 7591). The token is shown once."""
    given: dict[str, Any] = {"agency": agency, "profile": profile, "uses": uses, "days": days}
    with open_services() as services:
        officer = officer_for(services, Permission.CHANGE_CLIENTS, reason)
        if officer is not None and not officer.looks_after(agency):
            refuse(f"you look after sites of {officer.agency!r} only")
        try:
            issued = services.initial_tokens.issue(
                agency,
                profile=profile,
                uses=uses,
                lifetime=timedelta(days=days),
                actor=actor(officer),
                reason=reason or None,
            )
        except UserError as error:
            raise click.BadParameter(str(error), param_hint=f"--{error.field}") from None
        note_use(services, "client initial-token", reason=reason, officer=officer, **given)
    if as_json:
        print_json({"initial_access_token": issued.token.reveal(), "expires_at": issued.expires_at})
        return
    click.echo(f"{agency}: may register {uses} client(s) until {shown(issued.expires_at)}.")
    click.echo(f"  Initial access token, shown only now: {issued.token.reveal()}")


@click.command("initial-tokens")
@click.option("--agency", help="Of one agency only.")
@json_option
def initial_tokens(agency: str | None, *, as_json: bool) -> None:
    """List the initial access tokens that are not purged yet; the tokens themselves cannot be shown again."""
    with open_services() as services:
        lines = services.initial_tokens.list(agency=agency)
        note_use(services, "client initial-tokens", agency=agency)
    if as_json:
        print_json(lines)
        return
    print_table(
        ("id", "agency", "profile", "state", "uses left", "last used", "until", "by"),
        [
            (one.id, one.agency, one.profile, one.state, one.uses_left, one.last_used_at, one.expires_at, one.issued_by)
            for one in lines
        ],
        empty="There are no initial access tokens.",
    )


@click.command("revoke-initial-token")
@click.argument("token_id", type=click.UUID, metavar="ID")
@required_reason()
def revoke_initial_token(token_id: UUID, reason: str) -> None:
    """Let nobody register with an initial access token any more; what was registered with it stays."""
    with open_services() as services, services.database.transaction():
        if not services.initial_tokens.revoke(token_id, actor=actor(), reason=reason):
            refuse(f"{token_id} is no token that could still be used; see idp client initial-tokens")
        note_use(services, "client revoke-initial-token", reason=reason, takes_away=True, token=token_id)
    click.echo(f"{token_id}: revoked.")


INITIAL_TOKEN_COMMANDS: Final = (initial_token, initial_tokens, revoke_initial_token)
