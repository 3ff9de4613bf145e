"""``idp network``: the table by which staff see where networks are and who runs them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from idp.commands.deployment import open_services, refuse
from idp.commands.events import note_use
from idp.commands.output import json_option, print_facts, print_json
from idp.networks.errors import NetworkLoadRefused


@click.group("network")
def COMMAND() -> None:  # noqa: N802 - the record that the root looks for
    """Load and show the table of networks."""


@COMMAND.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.csv")
@click.option("--skip-bad-lines", is_flag=True, help="Load the good lines although some are bad.")
@json_option
def load(file: Path, *, skip_bad_lines: bool, as_json: bool) -> None:
    """Put a table of networks in the place of the present one, all at once.

    The first line names the columns network (CIDR), country, region, latitude, longitude, operator and asn. Bad lines
    are named by their number, and then nothing changes. After an interruption the old table is still there: run it
    again.
    """

    def report(number: int, reason: str) -> None:
        click.echo(f"line {number}: {reason}", err=True)

    with (
        open_services() as services,
        file.open("rb") as opened,
        click.progressbar(length=os.fstat(opened.fileno()).st_size, label="loading", file=sys.stderr) as bar,
    ):
        note_use(services, "network load", file=file.name)
        try:
            loaded = services.networks.load(
                _texts(opened, bar), file.name, on_bad_line=report, skip_bad_lines=skip_bad_lines
            )
        except NetworkLoadRefused as error:
            refuse(f"{file}: {error}")
        except UnicodeDecodeError:
            refuse(f"{file}: is not text in UTF-8; the table stays as it was")
    if as_json:
        print_json(loaded)
    else:
        click.echo(f"{loaded.ranges} networks of {loaded.file_name} are in force.")


@COMMAND.command()
@json_option
def status(*, as_json: bool) -> None:
    """Show which table is in force."""
    with open_services() as services:
        loaded = services.networks.status()
    if as_json:
        print_json(loaded)
    elif loaded is None:
        click.echo("No table of networks was loaded yet. Load one: idp network load FILE.csv")
    else:
        print_facts([("file", loaded.file_name), ("networks", loaded.ranges), ("loaded", loaded.loaded_at)])


@COMMAND.command()
@click.argument("address", metavar="ADDRESS")
def find(address: str) -> None:
    """Show where an address or a network is, as staff would see it."""
    with open_services() as services:
        place = services.networks.place_of(address)
    if place is None:
        refuse(f"the table has no network that holds {address!r}")
    click.echo(str(place))


def _texts(opened: BinaryIO, bar: "click._termui_impl.ProgressBar[int]") -> Iterator[str]:
    for line in opened:
        bar.update(len(line))
        yield line.decode("utf-8-sig")
