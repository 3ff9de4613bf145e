"""``idp staff``: the first officers of a deployment, and who has which power.

Whoever owns the server can make the first two officers, once; after that powers are given in the console only, by two
officers together (rules A1, O2).
"""

import click

from idp.commands.account import find_account
from idp.commands.deployment import actor, open_services, read_settings, refuse
from idp.commands.events import note_use
from idp.commands.output import json_option, print_json, print_table
from idp.foundation.errors import UserError
from idp.staff.powers import Power


@click.group("staff")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """Make the first officers, list who has which power."""


@COMMAND.command()
def bootstrap() -> None:
    """Show two codes, each good for 15 minutes, that make two people the first security officers."""
    with open_services() as services:
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
def grant(username: str, power: str, agency: str | None) -> None:
    """Give a power without approval. Works in development only."""
    if not read_settings().is_development:
        refuse("outside development powers are given in the console, by two officers together")
    with open_services() as services:
        account_id = find_account(services, username)
        try:
            services.staff.grant(account_id, Power(power), actor=actor(), reason="command", agency=agency)
        except UserError as error:
            refuse(str(error))
    click.echo(f"{username}  {power}")


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
