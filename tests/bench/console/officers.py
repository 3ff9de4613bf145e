"""Makes the officers of the bench in the deployment of the environment: `python -m tests.bench.console.officers`."""

from typing import Final

import click

from idp.accounts.draft import NewAccount
from idp.commands.deployment import open_services
from idp.staff.powers import Power
from tests.bench.crowd.accounts import id_number
from tests.bench.load.people import people

POWERS: Final = (Power.SECURITY, Power.AUDIT, Power.SYSTEM)
OFFICERS: Final = tuple(people(len(POWERS)))
# Beyond the ID numbers of the largest crowd.
FIRST_UNUSED: Final = 20_000_000


@click.command()
def main() -> None:
    """Make an officer of each of the three powers with password and authenticator."""
    with open_services() as services:
        for person, power in zip(OFFICERS, POWERS, strict=True):
            number = id_number(FIRST_UNUSED + person.number)
            new = NewAccount(kind="staff", username=person.username, name="王测试", agency="bench", id_number=number)
            account_id = services.accounts.create(new)
            services.factors.set_password(account_id, person.password, has_second_factor=True)
            services.factors.add_totp(account_id, person.totp_secret or "", actor="command:bench")
            services.staff.grant(account_id, power, actor="command:bench", reason="bench")


if __name__ == "__main__":
    main()
