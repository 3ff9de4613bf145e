"""By which table of networks a journey is judged."""

import threading

import pytest

from idp.interventions.travels.judging import TravelJudge
from idp.interventions.travels.lag import judging_lag
from idp.networks.service import Networks
from idp.networks.store import NetworkStore
from tests.interventions.travels.conftest import HEAD, HOUR, LISBON, WUHAN


def test_without_a_table_sign_ins_are_passed_over_and_a_later_table_does_not_judge_them(
    services, enter, judge, legs, load, clock
):
    enter(LISBON)
    enter(WUHAN)
    assert judge() == 0
    assert judging_lag(services.database, clock.now() + HOUR) == 0
    load()
    assert judge() == 0
    clock.advance(minutes=5)
    enter(LISBON)
    assert judge() == 1
    assert legs() == [(WUHAN, LISBON)]


@pytest.mark.usefixtures("table")
def test_what_was_judged_stays_as_it_was_by_another_table(enter, judge, legs, load, clock):
    enter(WUHAN)
    enter(LISBON)
    judge()
    clock.advance(minutes=5)
    load((HEAD, f"{WUHAN},CN,Hubei,30.6,114.3,,\n", f"{LISBON},CN,Hubei,30.6,114.3,,\n"))
    enter(WUHAN)
    assert judge() == 0, "by the new table both are one place"
    assert legs() == [(WUHAN, LISBON)]


@pytest.mark.usefixtures("table")
def test_a_worker_that_is_still_reading_the_table_waits_with_its_judgement(services, enter, clock, legs, monkeypatch):
    """Else it would pass over every sign-in until it has read a large table."""
    enter(WUHAN)
    enter(LISBON)
    services.sealer.run()
    may_read, read_ranges = threading.Event(), NetworkStore.ranges

    def slowly(store, load_id):
        assert may_read.wait(30)
        return read_ranges(store, load_id)

    monkeypatch.setattr(NetworkStore, "ranges", slowly)
    monkeypatch.setattr("idp.networks.service._READ_AT_ONCE", 0)
    networks = Networks(services.database, clock, services.entropy)
    judge = TravelJudge(services.database, clock, networks)
    assert [judge.run(), judge.run()] == [0, 0]
    assert judging_lag(services.database, clock.now() + HOUR) > 0
    may_read.set()
    for _ in range(600):
        if networks.is_up_to_date():
            break
        threading.Event().wait(0.05)
    assert judge.run() == 1
    assert legs() == [(WUHAN, LISBON)]
