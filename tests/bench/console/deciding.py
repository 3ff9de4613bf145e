"""Decides, as the first officer, to end every live session of a site: `python -m tests.bench.console.deciding SITE`."""

import click

from idp.commands.deployment import open_services
from idp.sessions.filters import SessionFilter
from tests.bench.console.officers import OFFICERS
from tests.bench.errors import BenchError


@click.command()
@click.argument("site")
def main(site: str) -> None:
    """Decide; the worker of the deployment carries it out."""
    with open_services() as services:
        account = services.accounts.find_for_sign_in(OFFICERS[0].username)
        officer = services.staff.officer(account.id) if account else None
        if officer is None:
            raise BenchError("the deployment has no officer")
        services.mass_endings.decide(SessionFilter(client_id=site), officer, "bench", services.changes)


if __name__ == "__main__":
    main()
