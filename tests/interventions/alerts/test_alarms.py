"""Faults that somebody must hear of: dead letters of departments (rule P12), an audit record nobody seals (rule A5)."""

from datetime import timedelta

import pytest

from idp.foundation.outbox import MOST_ATTEMPTS, NewMessage
from idp.staff.powers import Power

DAY = timedelta(days=1)


@pytest.fixture
def give_up(services, clock):
    """Leave a message to a site that was given up."""

    def one(client_id="tax"):
        services.outbox.enqueue(NewMessage("backchannel_logout", client_id, {"client_id": client_id}))
        for _ in range(MOST_ATTEMPTS):
            clock.advance(hours=2)
            services.outbox.settle(services.outbox.claim(client_id), "the site answered 500")
        clock.advance(seconds=1)

    return one


def test_a_dead_letter_alarms_once_and_the_next_one_again(services, give_up, letters, mailbox, clock):
    mailbox("s", Power.SYSTEM)
    mailbox("x", Power.SECURITY)
    mailbox("a", Power.AUDIT)
    look = services.alerting.watch.look_at_deliveries
    assert look() == 0
    give_up()
    assert [look(), look()] == [1, 0]
    clock.advance(days=3)
    assert look() == 0, "nothing new"
    give_up()
    give_up("welfare")
    assert [look(), look()] == [2, 0]
    assert {address for _, address, _ in letters()} == {"s***@staff.example.gov.cn", "x***@staff.example.gov.cn"}
    assert len(letters()) == 6
    assert {one.subject for one in services.alerting.alerts.latest(DAY)} == {"tax", "welfare"}


@pytest.fixture
def sealed(services, clock):
    """A record that was sealed a moment ago, by a worker that has been there for an hour."""
    services.signals.heartbeats.beat("here:1")
    clock.advance(hours=1)
    services.signals.heartbeats.beat("here:1")
    services.sealer.run()
    services.sealer.run()
    return services.sealer


def test_a_record_that_is_sealed_alarms_nobody(services, sealed, clock):
    assert sealed.newest_checkpoint() is not None
    clock.advance(seconds=59)
    services.signals.heartbeats.beat("here:1")
    assert services.alerting.watch.look_at_sealing() == 0


@pytest.mark.usefixtures("sealed")
def test_a_sealer_that_stopped_alarms_once_an_hour(services, clock, letters, mailbox):
    mailbox("a", Power.AUDIT)
    mailbox("s", Power.SYSTEM)
    mailbox("x", Power.SECURITY)
    look = services.alerting.watch.look_at_sealing
    clock.advance(seconds=61)
    services.signals.heartbeats.beat("here:1")
    assert [look(), look()] == [1, 0]
    assert {address for _, address, _ in letters()} == {"a***@staff.example.gov.cn", "s***@staff.example.gov.cn"}
    clock.advance(minutes=61)
    services.signals.heartbeats.beat("here:1")
    assert [look(), look()] == [1, 0]


@pytest.mark.usefixtures("sealed")
def test_a_worker_that_has_just_begun_is_given_time_to_seal(services, clock):
    services.signals.heartbeats.leave("here:1")
    clock.advance(days=1)
    services.signals.heartbeats.beat("here:2")
    assert services.alerting.watch.look_at_sealing() == 0
    clock.advance(minutes=3)
    services.signals.heartbeats.beat("here:2")
    assert services.alerting.watch.look_at_sealing() == 1
