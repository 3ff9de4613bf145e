"""``idp consent``: what an account has agreed to, and taking it back."""

import click

from idp.commands.account import find_account
from idp.commands.deployment import actor, open_services, refuse
from idp.commands.events import note_use
from idp.commands.output import json_option, print_json, print_table

_ACCOUNT = click.option("--account", "username", required=True, metavar="USERNAME", help="The username of the account.")


@click.group("consent")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """List and withdraw consents."""


@COMMAND.command("list")
@_ACCOUNT
@json_option
def list_consents(username: str, *, as_json: bool) -> None:
    """List the sites that an account has agreed to, and what each receives."""
    with open_services() as services:
        account_id = find_account(services, username)
        note_use(services, "consent list", account=account_id)
        consents = services.consents.list(account_id)
    if as_json:
        print_json(consents)
        return
    print_table(
        ("client", "basis", "scopes", "claims", "since", "until"),
        [(one.client_id, one.basis, one.scopes, one.claims, one.first_granted_at, one.expires_at) for one in consents],
        empty="This account has agreed to nothing.",
    )


@COMMAND.command()
@_ACCOUNT
@click.option("--client", "client_id", required=True, metavar="ID", help="The site.")
def withdraw(username: str, client_id: str) -> None:
    """Take a consent back; every token that rested on it stops working."""
    with open_services() as services:
        account_id = find_account(services, username)
        note_use(services, "consent withdraw", takes_away=True, account=account_id, client=client_id)
        done = services.consents.withdraw(account_id, client_id, actor=actor())
    if not done:
        refuse(f"{username} has not agreed to {client_id}")
    click.echo(f"{username}: the consent for {client_id} is withdrawn.")
