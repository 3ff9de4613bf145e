"""Gives the people of the bench their authenticators: `python -m tests.bench.servers.authenticators COUNT`.

An import takes no authenticator secrets, and `idp account create` makes one account a process, so this does for
hundreds of accounts in one process what that command does for one.
"""

import click

from idp.commands.deployment import open_services
from tests.bench.errors import BenchError
from tests.bench.load.people import people


@click.command()
@click.argument("count", type=int)
@click.option("--but", default=0, help="Without so many of the first, who have theirs.")
def main(count: int, *, but: int) -> None:
    """Enrol the authenticators of the first COUNT people in the deployment of the environment."""
    with open_services() as services:
        for person in people(count)[but:]:
            account = services.accounts.find_for_sign_in(person.username)
            if account is None or person.totp_secret is None:
                raise BenchError(f"{person.username} was not imported")
            services.factors.add_totp(account.id, person.totp_secret, actor="command:bench")


if __name__ == "__main__":
    main()
