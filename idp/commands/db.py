"""``idp db``: migrations and drift."""

import click

from idp.commands.deployment import read_settings, refuse
from idp.commands.output import json_option, print_json
from idp.foundation import migrations


@click.group("db")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """Bring the database up to date, look for drift."""


@COMMAND.command()
def upgrade() -> None:
    """Apply every migration that the database does not have yet. Doing it twice does no harm."""
    url = read_settings().database_url
    waiting = migrations.pending(url)
    for line in waiting:
        click.echo(f"applying {line}")
    migrations.upgrade(url)
    click.echo(f"{len(waiting)} applied; the database is up to date." if waiting else "The database is up to date.")


@COMMAND.command()
@json_option
def check(*, as_json: bool) -> None:
    """Say where the database differs from the tables of this version. Ends with status 1 if it does."""
    differences = migrations.check(read_settings().database_url)
    if as_json:
        print_json({"differences": differences})
    elif not differences:
        click.echo("The database has exactly the tables of this version.")
    else:
        click.echo("\n".join(differences))
    if differences:
        refuse(f"{len(differences)} differences; run: idp db upgrade")
