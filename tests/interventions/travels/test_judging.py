"""Journeys that nobody could make: each noted once, whenever its sign-ins commit and whoever dies meanwhile."""

import itertools
import random
import threading
from functools import partial

import pytest
from sqlalchemy import select

from idp.factors.assurance import VerifiedFactor
from idp.interventions.travels.judging import TravelJudge
from idp.interventions.travels.lag import judging_lag
from idp.interventions.travels.models import TravelRow
from idp.interventions.travels.rules import AIRLINER, leg_between
from idp.sessions.filters import SessionFilter
from idp.sessions.models import OPSession
from idp.sessions.values import Browser
from tests.interventions.travels.conftest import HOUR, LISBON, NEAR, NOWHERE, WUHAN
from tests.support.racing import together


@pytest.mark.usefixtures("table")
def test_a_journey_is_noted_once_however_often_the_worker_looks(enter, judge, legs, clock):
    enter(WUHAN)
    clock.advance(minutes=20)
    enter(LISBON)
    assert [judge() for _ in range(3)] == [1, 0, 0]
    assert legs() == [(WUHAN, LISBON)]
    clock.advance(minutes=20)
    enter(NEAR)
    assert judge() == 1
    assert legs() == [(LISBON, NEAR), (WUHAN, LISBON)], "latest first"


@pytest.mark.usefixtures("table")
def test_nothing_is_noted_of_who_stays_near_travels_slowly_or_comes_from_nowhere_known(
    enter, judge, legs, clock, account_factory
):
    at_home, slow, unknown = account_factory(), account_factory(), account_factory()
    for network in (WUHAN, NEAR, WUHAN, WUHAN):
        enter(network, at_home)
    for network in (WUHAN, NOWHERE, ""):
        enter(network, unknown)
    enter(WUHAN, slow)
    clock.advance(hours=24, seconds=1)
    enter(LISBON, slow)
    assert judge() == 0
    assert legs() == []


@pytest.mark.usefixtures("table")
def test_a_sign_in_that_left_no_network_does_not_hide_where_somebody_was(enter, judge, legs):
    for network in (WUHAN, "", LISBON):
        enter(network)
    assert judge() == 1
    assert legs() == [(WUHAN, LISBON)]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (LISBON, [(WUHAN, LISBON)]),
        (NEAR, [(NEAR, LISBON)]),
        (NOWHERE, []),
        ("", [(WUHAN, LISBON)]),
    ],
)
def test_a_sign_in_that_comes_late_is_put_between_those_that_were_judged_as_neighbours(
    services, enter, judge, legs, clock, between, expected
):
    """The clock of its node was behind, or its transaction took long: either way its id is older than others' were."""
    enter(WUHAN)
    clock.advance(minutes=20)
    enter(LISBON)
    assert judge() == 1
    clock.advance(minutes=-10)
    enter(between)
    clock.advance(minutes=11)
    judge()
    assert legs() == expected
    # The session that came at once from too far shows it, and only that one.
    found = services.session_search.page(SessionFilter(sign="impossible_travel", state="all"))
    assert {one.id for one in found} == {one.id for one in services.travels.page(AIRLINER, HOUR * 24)}
    if between == LISBON:
        assert legs(speed=50_000) == [(WUHAN, LISBON)], "the late one is the one that moved, in half of the time"
    assert judge() == 0


@pytest.mark.only_on("postgresql")
@pytest.mark.usefixtures("table")
def test_a_sign_in_that_commits_after_everybody_else_was_judged_is_not_missed(
    services, enter, judge, legs, clock, account_factory
):
    other = account_factory()
    enter(WUHAN)
    clock.advance(seconds=30)
    begun, may_commit = threading.Event(), threading.Event()

    def sign_in_slowly():
        with services.database.transaction():
            enter(LISBON)
            begun.set()
            assert may_commit.wait(30)

    slow = threading.Thread(target=sign_in_slowly)
    slow.start()
    assert begun.wait(30)
    for network in (WUHAN, LISBON):
        clock.advance(minutes=5)
        enter(network, other)
    assert judge() == 1, "of the others"
    may_commit.set()
    slow.join(30)
    assert judge() == 1
    assert sorted(legs()) == [(WUHAN, LISBON)] * 2


@pytest.mark.usefixtures("table")
def test_many_workers_note_each_journey_once(services, enter, clock, account_factory, rows):
    for who in [account_factory() for _ in range(6)]:
        enter(WUHAN, who)
        enter(LISBON, who)
        clock.advance(minutes=1)
    services.sealer.run()
    judges = [TravelJudge(services.database, clock, services.networks, batch=3) for _ in range(5)]
    noted = 0
    while judging_lag(services.database, clock.now() + HOUR):
        noted += sum(together([one.run for one in judges]))
    assert (noted, rows()) == (6, 6)


@pytest.fixture
def between_neighbours(services):
    """Return what was to be noted, found by looking at all sessions at once."""

    def look():
        with services.database.read() as connection:
            sessions = connection.execute(
                select(OPSession.account_id, OPSession.id, OPSession.network, OPSession.created_at).order_by(
                    OPSession.account_id, OPSession.id
                )
            ).all()
        place_of, found = services.networks.place_of, set()
        for there, here in itertools.pairwise(sessions):
            leg = leg_between(place_of(there.network), place_of(here.network), here.created_at - there.created_at)
            if there.account_id == here.account_id and leg is not None:
                found.add((here.id, there.id, leg.kilometres, leg.speed))
        return found

    return look


@pytest.mark.usefixtures("table")
def test_what_is_noted_at_the_end_does_not_depend_on_who_came_and_judged_when(
    services, clock, entropy, account_factory, between_neighbours
):
    """Sign-ins under clocks that go back and forth, while two workers judge small batches."""
    people = [account_factory() for _ in range(2)]
    signed_in = threading.Event()

    def sign_in(seed):
        draw = random.Random(seed)
        for _ in range(15):
            proved = [VerifiedFactor("password", clock.now())]
            place = Browser(draw.choice((WUHAN, LISBON, NEAR)))
            services.sessions.open(draw.choice(people).account_id, proved, entropy.uuid7(), place)
            clock.advance(draw.uniform(-60, 90))

    def work(first, second):
        while not signed_in.is_set():
            first()
            second()

    judges = [TravelJudge(services.database, clock, services.networks, batch=5) for _ in range(2)]
    workers = [
        threading.Thread(target=work, args=calls)
        for calls in ((services.sealer.run, judges[0].run), (judges[1].run, judges[1].run))
    ]
    for worker in workers:
        worker.start()
    try:
        together([partial(sign_in, seed) for seed in range(3)])
    finally:
        signed_in.set()
        for worker in workers:
            worker.join(30)
    services.sealer.run()
    judges[0].run()
    with services.database.read() as connection:
        columns = TravelRow.id, TravelRow.before_id, TravelRow.kilometres, TravelRow.speed
        noted = {tuple(row) for row in connection.execute(select(*columns))}
    assert noted
    assert noted == between_neighbours()


@pytest.mark.usefixtures("table")
def test_a_worker_that_dies_in_a_batch_has_neither_forgotten_nor_noted_anything(
    services, enter, judge, monkeypatch, rows
):
    enter(WUHAN)
    enter(LISBON)

    def die(*_):
        raise KeyboardInterrupt

    services.sealer.run()
    with monkeypatch.context() as patch:
        patch.setattr(services.database, "upsert", die)
        with pytest.raises(KeyboardInterrupt):
            services.travel_judge.run()
    assert rows() == 0
    assert judge() == 1


@pytest.mark.usefixtures("table")
def test_a_run_does_no_more_than_its_batches_and_the_next_one_goes_on(services, enter, clock, account_factory):
    for who in [account_factory() for _ in range(3)]:
        enter(WUHAN, who)
        enter(LISBON, who)
    services.sealer.run()
    judge = TravelJudge(services.database, clock, services.networks, batch=2)
    runs = [judge.run(most_batches=1) for _ in range(20)]
    assert max(runs) == 1
    assert sum(runs) == 3
