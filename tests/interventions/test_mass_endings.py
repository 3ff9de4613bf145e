"""Ending many sessions: frozen when decided, approved above a threshold, never half done (rule A1)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from idp.foundation.errors import UserError
from idp.interventions import mass_endings
from idp.interventions.models import MassEnding
from idp.sessions.filters import SessionFilter
from idp.sessions.models import OPSession

NETWORK = SessionFilter(network="203.0.113.0/24")


@pytest.fixture
def decide(services):
    return lambda officer, chosen=NETWORK: services.mass_endings.decide(chosen, officer, "stolen", services.changes)


def test_a_few_are_ended_by_one_officer_and_others_are_spared(services, officer, sign_in, decide, live):
    sign_in(2)
    spared = set(sign_in(1, network="198.51.100.0/24"))
    ending = decide(officer())
    assert services.mass_endings.run() == 2
    progress = services.mass_endings.progress(ending)
    assert (progress.ended, progress.most, progress.finished_at is not None) == (2, 2, True)
    assert live() == spared


def test_many_wait_for_a_second_officer(services, officer, sign_in, decide, live):
    sign_in(4)
    author = officer()
    request = services.changes.get(decide(author))
    assert services.mass_endings.run() == 0
    with pytest.raises(UserError):
        services.changes.approve(request.id, request.digest, author)
    services.changes.approve(request.id, request.digest, officer())
    assert services.mass_endings.run() == 4
    assert live() == set()


def test_thresholds_add_up_over_a_day(services, officer, sign_in, decide, clock):
    author = officer()
    sign_in(2)
    decide(author)
    services.mass_endings.run()
    sign_in(2)
    assert services.changes.get(decide(author)) is not None, "2 + 2 are more than 3"
    assert services.changes.get(decide(officer())) is None, "another officer's own count"
    clock.advance(hours=24, seconds=1)
    sign_in(2)
    assert services.changes.get(decide(author)) is None


def test_decisions_at_once_add_up_too(services, officer, sign_in, decide):
    """What several requests at once would end together is more than one officer may."""
    author = officer()
    for network in range(4):
        sign_in(2, network=f"198.51.{network}.0/24")
    filters = [SessionFilter(network=f"198.51.{network}.0/24") for network in range(4)]
    with ThreadPoolExecutor(4) as pool:
        decided = list(pool.map(lambda chosen: decide(author, chosen), filters))
    at_once = [one for one in decided if services.mass_endings.progress(one) is not None]
    assert len(at_once) == 1


def test_what_begins_after_the_decision_is_spared(services, officer, sign_in, decide, live):
    sign_in(2)
    decide(officer())
    later = set(sign_in(1))
    services.mass_endings.run()
    assert live() == later


def test_no_more_are_ended_than_were_approved(services, officer, sign_in, decide, live):
    sign_in(3)
    request = services.changes.get(decide(officer(), SessionFilter(network="203.0.")))
    assert request is None
    assert services.mass_endings.run() == 3
    assert live() == set()


def test_a_lease_given_by_a_clock_that_was_ahead_keeps_no_ending_waiting(
    services, officer, sign_in, decide, live, clock, monkeypatch
):
    sign_in(2)
    decide(officer())
    monkeypatch.setattr(mass_endings, "_BATCH", 1)
    clock.advance(hours=1)
    assert services.mass_endings.run(most_batches=1) == 1
    clock.advance(hours=-1)
    assert services.mass_endings.run() == 1
    assert live() == set()


def test_a_worker_that_dies_in_the_middle_loses_none_and_repeats_none(
    services, officer, sign_in, decide, live, clock, monkeypatch
):
    sign_in(3)
    ending = decide(officer())
    monkeypatch.setattr(mass_endings, "_BATCH", 1)
    assert services.mass_endings.run(most_batches=1) == 1
    assert services.mass_endings.progress(ending).ended == 1
    assert services.mass_endings.run() == 0, "the dead worker's lease"
    clock.advance(seconds=31)
    assert services.mass_endings.run() == 2
    assert live() == set()
    actions = [record.action for record in services.audit.export()]
    assert actions.count("sessions.mass_ending_started") == 1
    assert actions.count("sessions.mass_ending_finished") == 1


def test_what_is_committed_behind_a_batch_is_ended_too(services, officer, sign_in, decide, live, monkeypatch):
    """A sign-in may begin before another and be there after it; batches go on by id, and once more from the first."""
    sign_in(3)
    ending = decide(officer())
    monkeypatch.setattr(mass_endings, "_BATCH", 1)
    services.mass_endings.run(most_batches=3)
    with services.database.transaction() as connection:
        connection.execute(update(MassEnding).values(most=4, leased_until=None, finished_at=None))
        first = connection.scalar(select(OPSession.id).order_by(OPSession.id).limit(1))
        connection.execute(update(OPSession).where(OPSession.id == first).values(ended_at=None, end_reason=None))
    assert services.mass_endings.run() == 1
    assert live() == set()
    assert services.mass_endings.progress(ending).finished_at is not None


def test_a_batch_that_fails_leaves_nothing_half_done(services, officer, sign_in, decide, live, clock, monkeypatch):
    before = set(sign_in(2))
    ending = decide(officer())

    def refuse(*_args, **_options):
        raise OSError("the database refuses")

    with monkeypatch.context() as broken:
        broken.setattr(services.audit, "record", refuse)
        with pytest.raises(OSError, match="refuses"):
            services.mass_endings.run()
    assert live() == before
    assert services.mass_endings.progress(ending).ended == 0
    clock.advance(seconds=31)
    assert services.mass_endings.run() == 2


def test_two_workers_do_not_end_the_same_twice(services, officer, sign_in, decide):
    sign_in(3)
    ending = decide(officer())
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: services.mass_endings.run(), range(4)))
    assert sum(ended) == 3
    assert services.mass_endings.progress(ending).ended == 3


def test_departments_confirmations_are_counted(services, officer, decide, visitor, new_relying_party):
    site = new_relying_party("one", backchannel_logout_uri="http://localhost:8001/backchannel-logout")
    visitor.tokens(site)
    ending = decide(officer(), SessionFilter(client_id="one"))
    services.mass_endings.run()
    (told,) = services.mass_endings.deliveries(services.mass_endings.progress(ending))
    assert (told.client_id, told.told, told.confirmed, told.waiting) == ("one", 1, 0, 1)
