"""``idp staff``: the first officers of a deployment, and who has which power.

Whoever owns the server can make the first two officers, once; after that powers are given in the console only, by two
officers together (rules A1, O2).
"""

from pathlib import Path

import click

from idp.commands.account import find_account
from idp.commands.deployment import actor, open_services, read_secret_file, refuse
from idp.commands.events import note_use
from idp.commands.officers import needs_officer, officer_for, reason_option
from idp.commands.output import json_option, print_json, print_table
from idp.foundation.errors import UserError
from idp.staff.granting import GRANT
from idp.staff.powers import Permission, Power


@click.group("staff")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """Make the first officers, list who has which power."""


@COMMAND.command()
def bootstrap() -> None:
    """Show two codes, each good for 15 minutes, that make two people the first security officers."""
    with open_services() as services:
        note_use(services, "staff bootstrap")
        codes = services.staff.make_bootstrap_codes(actor=actor())
    if codes is None:
        refuse("there are officers already, or were: powers are given in the console")
    for code in codes:
        click.echo(code.reveal())
    click.echo("Give one each to two people. They sign in to the console and open /console/bootstrap.", err=True)


@COMMAND.command()
@click.option("--account", "username", required=True, metavar="USERNAME", help="A staff account.")
@click.option("--power", type=click.Choice([power.value for power in Power]), required=True, help="Which power.")
@click.option("--agency", help="Whose sites a delegate looks after.")
@reason_option
def grant(username: str, power: str, agency: str | None, reason: str) -> None:
    """Give a power: in development at once, in production as a signed-in officer's request that another approves."""
    with open_services() as services:
        if not services.settings.is_development and not needs_officer(services):
            refuse("outside development powers are given in the console, by two officers together")
        officer = officer_for(services, Permission.CHANGE_STAFF, reason)
        account_id = find_account(services, username)
        note_use(
            services, "staff grant", reason=reason, officer=officer, account=account_id, power=power, agency=agency
        )
        if officer is not None:
            content = {"power": power, "agency": agency}
            asked = services.changes.request(GRANT, str(account_id), content, author=officer, reason=reason)
            click.echo(f"{username}: {power} waits for another officer (request {asked}).")
            return
        try:
            services.staff.grant(account_id, Power(power), actor=actor(), reason=reason or "command", agency=agency)
        except UserError as error:
            refuse(str(error))
    click.echo(f"{username}  {power}")


@COMMAND.command("set-email")
@click.option("--account", "username", required=True, metavar="USERNAME", help="The account of an officer.")
@click.option("--email", help="The new address (development only).")
@click.option("--email-file", type=click.Path(path_type=Path, allow_dash=True), help="The same from a file.")
@reason_option
def set_email(username: str, email: str | None, email_file: Path | None, reason: str) -> None:
    """Change the address at which an officer gets notices; in production as another officer who signs in."""
    if (email is None) == (email_file is None):
        raise click.UsageError("Give the address by --email-file, in development by --email.")
    with open_services() as services:
        if email is not None and not services.settings.is_development:
            raise click.UsageError("--email as an argument is for development only; use --email-file.")
        officer = officer_for(services, Permission.CHANGE_STAFF, reason)
        account_id = find_account(services, username)
        address = email or read_secret_file(email_file or Path("-"), "email")
        note_use(services, "staff set-email", reason=reason, officer=officer, account=account_id)
        try:
            if officer is None:
                services.accounts.set_email(account_id, address, actor=actor(), reason=reason or "command")
            else:
                services.account_interventions.change_email(account_id, address, officer=officer, reason=reason)
        except UserError as error:
            refuse(str(error))
    click.echo(f"{username}: the e-mail address is changed; notices go there.")


@COMMAND.command("list")
@json_option
def list_officers(*, as_json: bool) -> None:
    """List everybody who has or had a power."""
    with open_services() as services:
        holders = services.staff.holders()
        note_use(services, "staff list")
    if as_json:
        print_json([{"username": one.username, "holder": one} for one in holders])
        return
    print_table(
        ("account", "power", "agency", "since", "ended"),
        [(one.username, one.power, one.agency, one.granted_at, one.ended_at) for one in holders],
        empty="Nobody has a power. Run: idp staff bootstrap",
    )
