"""Where people are said to be, how they sign in, and the worker that judges it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.factors.assurance import VerifiedFactor
from idp.interventions.travels.models import TravelRow
from idp.sessions.values import Browser

HOUR = timedelta(hours=1)
HEAD = "network,country,region,latitude,longitude,operator,asn\n"
WUHAN, LISBON, NEAR, NOWHERE = "203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24", "10.0.0.0/24"
TABLE = (
    HEAD,
    f"{WUHAN},CN,Hubei,30.6,114.3,China Telecom,4134\n",
    f"{LISBON},PT,Lisbon,38.7,-9.1,,\n",
    f"{NEAR},CN,Hubei,31.0,114.5,,\n",
)


@pytest.fixture
def load(services):
    return lambda lines=TABLE: services.networks.load(iter(lines), "table.csv", on_bad_line=print)


@pytest.fixture
def table(load):
    return load()


@pytest.fixture
def judge(services):
    """Let the worker seal what has happened and judge it; return how many journeys were noted."""

    def run(**options):
        services.sealer.run()
        return services.travel_judge.run(**options)

    return run


@pytest.fixture
def person(account_factory):
    return account_factory()


@pytest.fixture
def enter(services, clock, entropy, person):
    """Sign a person in from a network, as the end of a sign-in does."""

    def open_one(network, who=None):
        proved = [VerifiedFactor("password", clock.now())]
        opened = services.sessions.open((who or person).account_id, proved, entropy.uuid7(), Browser(network))
        # Within one millisecond ids have no order.
        clock.advance(1)
        return opened

    return open_one


@pytest.fixture
def legs(services):
    """Return from where to where the noted journeys went, latest first."""
    return lambda speed=100: [
        (one.before.network, one.after.network) for one in services.travels.page(speed, timedelta(days=30))
    ]


@pytest.fixture
def rows(services):
    """Return how many journeys there are, whoever may see them."""

    def count():
        with services.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(TravelRow))

    return count
