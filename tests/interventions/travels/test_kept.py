"""How long journeys are kept, how they are listed, and how far the worker is behind."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from idp.accounts.models import Account
from idp.interventions.travels.lag import judging_lag
from idp.jobs import purge
from idp.sessions.models import OPSession
from tests.interventions.travels.conftest import HOUR, LISBON, WUHAN


@pytest.mark.usefixtures("table")
def test_a_journey_goes_with_the_first_of_its_sessions_that_is_removed(services, enter, judge, clock, rows):
    enter(WUHAN)
    clock.advance(hours=10)
    enter(LISBON)
    assert judge() == 1
    clock.advance(days=400)
    purge.purge(services.database, clock.now(), purge.HISTORY)
    assert rows() == 1
    clock.advance(hours=5)
    purge.purge(services.database, clock.now(), purge.HISTORY)
    assert rows() == 0
    with services.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(OPSession)) == 1


@pytest.mark.usefixtures("table")
def test_a_journey_of_an_account_under_a_legal_hold_stays(services, enter, judge, clock, person, rows):
    enter(WUHAN)
    enter(LISBON)
    judge()
    with services.database.transaction() as connection:
        connection.execute(update(Account).where(Account.id == person.account_id).values(held_at=clock.now()))
    clock.advance(days=500)
    purge.purge(services.database, clock.now(), purge.HISTORY)
    assert rows() == 1


@pytest.mark.usefixtures("table")
def test_pages_go_on_from_the_last_journey_and_back(services, enter, judge, clock):
    for number in range(7):
        enter((WUHAN, LISBON)[number % 2])
        clock.advance(minutes=1)
    judge()
    page = services.travels.page
    everything = [one.id for one in page(900, HOUR)]
    assert len(everything) == 6
    assert everything == sorted(everything, reverse=True)
    assert [one.id for one in page(900, HOUR, before=everything[1], size=2)] == everything[2:4]
    assert [one.id for one in page(900, HOUR, after=everything[4], size=2)] == everything[2:4]
    assert page(900, timedelta(seconds=30)) == []


@pytest.mark.usefixtures("table")
def test_the_lag_is_the_age_of_what_was_not_looked_at(services, enter, judge, clock):
    judge()
    assert judging_lag(services.database, clock.now()) == 0
    enter(WUHAN)
    clock.advance(seconds=30)
    enter(LISBON)
    clock.advance(seconds=40)
    assert judging_lag(services.database, clock.now()) == 72, "not sealed yet"
    services.sealer.run()
    assert judging_lag(services.database, clock.now()) == 72, "sealed and not judged"
    assert services.travels.behind_since() == clock.now() - timedelta(seconds=72)
    judge()
    assert judging_lag(services.database, clock.now()) == 0
    assert services.travels.behind_since() is None
