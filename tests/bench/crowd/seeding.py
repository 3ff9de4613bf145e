"""Fills the deployment of the environment with a crowd: `python -m tests.bench.crowd.seeding --accounts 1000000`.

PostgreSQL only, and only a deployment that may be thrown away: indexes and foreign keys are dropped and made again,
triggers are passed by.
"""

import shutil
import sys
import time
from pathlib import Path

import click
import psycopg

from idp.commands.deployment import open_services
from idp.wiring import Services
from tests.bench.crowd import accounts, events, sessions
from tests.bench.crowd.copying import Connection, copy, without_indexes
from tests.bench.crowd.draws import Draws, network_table
from tests.bench.crowd.sizes import FULL, SMALL, Sizes, bytes_needed
from tests.bench.errors import BenchError

TABLES = (
    "natural_person",
    "account",
    "account_lookup",
    "op_session",
    "client_session",
    "authorization_grant",
    "outbox_message",
    "subject",
    "device",
    "audit_event",
    "audit_detail",
)
# A server of our own that is thrown away afterwards: its log need not be on the disk before each answer.
PREPARED = (
    "SET synchronous_commit TO off",
    "SET session_replication_role TO replica",
    "SET maintenance_work_mem TO '512MB'",
)


@click.command()
@click.option("--accounts", "people", default=SMALL.accounts, show_default=True, help="How many accounts.")
@click.option("--sessions", "signed_in", default=SMALL.sessions, show_default=True, help="How many sessions.")
@click.option("--events", "happened", default=SMALL.events, show_default=True, help="How many audit events.")
@click.option("--full", is_flag=True, help=f"The whole country: {FULL}.")
@click.option("--officer", default="system", metavar="ACTOR", help="Who did what officers do.")
def main(*, people: int, signed_in: int, happened: int, full: bool, officer: str) -> None:
    """Fill the deployment of the environment with accounts, sessions and audit events."""
    sizes = FULL if full else Sizes(people, signed_in, happened)
    try:
        with open_services() as services:
            seed(services, sizes, officer)
    except BenchError as failure:
        raise click.ClickException(str(failure)) from failure


def seed(services: Services, sizes: Sizes, officer: str) -> None:
    """Write everything. Raises BenchError where it does not fit."""
    if services.database.dialect != "postgresql" or not services.settings.is_development:
        raise BenchError("a crowd is made on PostgreSQL, in a development deployment")
    address = services.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        require_room(connection, sizes)
        for statement in PREPARED:
            connection.execute(statement.encode())
        # What the deployment has recorded so far has its places before those of the crowd.
        services.sealer.run()
        with without_indexes(connection, TABLES):
            fill(connection, services, Draws(sizes, int(time.time() * 1000)), officer)
        connection.execute("VACUUM ANALYZE")
        services.sealer.run()
        services.sealer.release()
        judge(services)


def judge(services: Services) -> None:
    """Note the journeys of everybody, as the worker would have done day by day."""
    while not services.networks.is_up_to_date():
        time.sleep(0.1)
    services.travel_judge.run(most_batches=sys.maxsize)
    with services.database.read() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE travel")


def require_room(connection: Connection, sizes: Sizes) -> None:
    """Refuse a crowd that would fill the disk, where the server's folder can be seen from here."""
    found = connection.execute("SHOW data_directory").fetchone()
    folder = Path(found[0]) if found else Path("/")
    visible = next(place for place in (folder, *folder.parents) if place.exists())
    free, needed = shutil.disk_usage(visible).free, bytes_needed(sizes)
    if free < 2 * needed:
        raise BenchError(f"{sizes} take {needed >> 30} GB; {visible} has {free >> 30} GB, and half is to stay free")


def fill(connection: Connection, services: Services, draws: Draws, officer: str) -> None:
    """Write every table."""
    keyring, sizes = services.keyring, draws.sizes
    copy(connection, "natural_person", accounts.PERSON, accounts.persons(draws, keyring), sizes.accounts)
    copy(connection, "account", accounts.ACCOUNT, accounts.accounts(draws, keyring), sizes.accounts)
    copy(connection, "account_lookup", accounts.LOOKUP, accounts.lookups(draws, keyring), 3 * sizes.accounts)
    copy(connection, "op_session", sessions.SESSION, sessions.sessions(draws), sizes.sessions)
    copy(connection, "client_session", sessions.SITE, sessions.site_sessions(draws), 2 * sizes.sessions)
    copy(connection, "authorization_grant", sessions.GRANT, sessions.grants(draws), 2 * sizes.sessions)
    copy(connection, "outbox_message", sessions.MESSAGE, sessions.messages(draws), sizes.sessions * 9 // 20)
    connection.execute(sessions.SUBJECTS.encode())
    connection.execute(sessions.DEVICES.encode())
    connection.execute(sessions.CONSENTS.encode())
    connection.execute(sessions.FAMILIES.encode())
    record = events.Record(services.database, draws, officer)
    copy(connection, "audit_event", events.EVENT, record.rows(), sizes.events)
    copy(connection, "audit_detail", events.DETAIL, record.details(services.audit.details), sizes.events)
    connection.execute(events.COUNTS.encode())
    connection.execute(events.TALLIES.encode())
    services.networks.load(
        network_table(), "networks.csv", on_bad_line=lambda number, text: click.echo(f"{number}: {text}")
    )


if __name__ == "__main__":
    main()
