"""A receiver that fetches its events (RFC 8936)."""

import threading
from typing import Any

import pytest

from tests.signals.conftest import parts
from tests.signals.ssf.conftest import DISABLED, ENABLED


@pytest.fixture
def person(account_factory):
    return account_factory()


@pytest.fixture
def waiting(tax, person, sign_in, services):
    """Four events wait for the tax site."""
    sign_in(person, tax)
    tax.subscribe()
    for _ in range(2):
        services.accounts.lock(person.account_id, "x", "command:officer")
        services.accounts.unlock(person.account_id, "x", "command:officer")
    return tax


def types(answer: dict[str, Any]) -> list[str]:
    return [next(iter(parts(token)[1]["events"])) for token in answer["sets"].values()]


def test_unacknowledged_events_come_again_in_order(waiting):
    """RFC8936-poll: until they are acknowledged, the same tokens."""
    first, second = waiting.poll(), waiting.poll()
    assert types(first) == [DISABLED, ENABLED] * 2
    assert list(first["sets"]) == list(second["sets"])
    assert [parts(token)[1] for token in first["sets"].values()] == [
        parts(token)[1] for token in second["sets"].values()
    ]
    for jti, token in first["sets"].items():
        assert parts(token)[0]["typ"] == "secevent+jwt"
        assert parts(token)[1]["jti"] == jti


def test_acknowledged_events_do_not_come_again(waiting):
    """RFC8936-poll: ack and a new request in one."""
    jtis = list(waiting.poll()["sets"])
    assert list(waiting.poll(ack=jtis[:2])["sets"]) == jtis[2:]
    assert waiting.poll(ack=jtis) == {"sets": {}}
    assert waiting.poll(ack=jtis) == {"sets": {}}


def test_receiver_says_how_much_it_wants(waiting):
    """RFC8936-poll: maxEvents and moreAvailable; 0 only acknowledges."""
    answer = waiting.poll(maxEvents=3)
    assert (len(answer["sets"]), answer["moreAvailable"]) == (3, True)
    assert waiting.poll(maxEvents=0, ack=list(answer["sets"])) == {"sets": {}}
    rest = waiting.poll(maxEvents=3)
    assert len(rest["sets"]) == 1
    assert "moreAvailable" not in rest


def test_refused_event_is_not_sent_again_and_the_stream_says_why(waiting, services):
    """RFC8936-poll: setErrs; the receiver's description is not kept."""
    jtis = list(waiting.poll()["sets"])
    error = {"err": "invalid_key", "description": "Zhang San's key"}
    answer = waiting.poll(ack=jtis[1:2], setErrs={jtis[0]: error})
    assert list(answer["sets"]) == jtis[2:]
    assert waiting.status()["reason"] == "the receiver refused an event (invalid_key)"
    letters = services.signals.ledger.dead_letters()
    assert [letter.last_error for letter in letters] == ["the receiver refused it (invalid_key)"]


@pytest.mark.parametrize(
    "body",
    [
        {"maxEvents": -1},
        {"maxEvents": "all"},
        {"maxEvents": True},
        {"returnImmediately": "yes"},
        {"ack": "x"},
        {"ack": [1]},
        {"ack": ["x"] * 1001},
        {"setErrs": []},
        {"setErrs": {"x": {}}},
        {"setErrs": {"x": "broken"}},
    ],
)
def test_bad_request_is_refused_and_takes_nothing(waiting, body):
    """RFC8936-poll."""
    answer = waiting.call("POST", f"/ssf/poll?stream_id={waiting.stream_id}", {"returnImmediately": True} | body)
    assert answer.status_code == 400
    assert len(waiting.poll()["sets"]) == 4


def test_strange_acknowledgements_are_passed_over(waiting, new_department):
    """An acknowledgement counts for events of one's own stream only."""
    welfare = new_department("welfare")
    welfare.subscribe()
    jtis = list(waiting.poll()["sets"])
    welfare.poll(ack=[*jtis, "x", "ÿ", "A" * 22])
    assert list(waiting.poll()["sets"]) == jtis


def test_stream_that_is_pushed_cannot_be_polled(tax, receiver):
    tax.subscribe(receiver)
    assert tax.call("POST", f"/ssf/poll?stream_id={tax.stream_id}", {}).status_code == 404


def test_paused_stream_gives_nothing_but_takes_acknowledgements(waiting):
    """SSF-8.1.2-status."""
    jtis = list(waiting.poll()["sets"])
    waiting.set_status("paused")
    assert waiting.poll(ack=jtis[:1]) == {"sets": {}}
    waiting.set_status("enabled")
    assert list(waiting.poll()["sets"]) == jtis[1:]


@pytest.mark.usefixtures("waiting")
def test_waiting_events_do_not_turn_the_node_degraded(services, clock):
    """Rule P12: what waits for its receiver to come is not late."""
    clock.advance(3600)
    assert services.outbox.oldest_waiting_seconds() == 0
    assert services.outbox.waiting_lanes() == []


def test_receiver_may_wait_for_an_event(tax, person, sign_in, services):
    """RFC8936-poll: without returnImmediately the answer comes with the first event."""
    sign_in(person, tax)
    tax.subscribe()
    later = threading.Timer(0.4, services.accounts.lock, (person.account_id, "x", "command:officer"))
    later.start()
    answer = tax.poll(returnImmediately=False)
    later.join()
    assert types(answer) == [DISABLED]
