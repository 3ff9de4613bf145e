"""Counters that slow down and lock, shared by every node (ASVS-6.3.1, NIST-63B-3.2.2-throttle, rule S3)."""

import threading
from datetime import timedelta

import pytest

from idp.foundation.throttle import Charged, Counter, Limit, Refused

STRICT = Limit(slow_after=3, lock_after=10, lock=timedelta(minutes=15))
COUNTING = Limit()
SHARED = Limit(slow_after=5, is_shared=True)


@pytest.fixture
def throttle(services):
    return services.throttle


def key(number: int) -> bytes:
    return bytes([number]) * 32


def test_failures_slow_down_and_then_lock(throttle, clock):
    counter = Counter(key(1), STRICT)
    assert [throttle.charge([counter]).failures for _ in range(3)] == [(1,), (2,), (3,)]
    refused = throttle.charge([counter])
    assert refused == Refused(clock.now() + timedelta(seconds=2), is_lock=False)
    waits = []
    for _ in range(4, 11):
        clock.set(throttle.charge([counter]).until)
        assert isinstance(throttle.charge([counter]), Charged)
        waits.append((throttle.charge([counter]).until - clock.now()).total_seconds())
    assert waits == [4, 8, 16, 32, 60, 60, 900]
    assert throttle.charge([counter]).is_lock


def test_success_forgets_failures(throttle):
    counter = Counter(key(1), STRICT)
    for _ in range(3):
        throttle.charge([counter])
    throttle.succeeded([counter])
    assert throttle.charge([counter]) == Charged((1,))


def test_success_takes_back_only_its_own_charge_of_a_shared_counter(throttle):
    counter = Counter(key(1), SHARED)
    for _ in range(3):
        throttle.charge([counter])
    throttle.succeeded([counter])
    assert throttle.charge([counter]) == Charged((3,))


def test_counter_without_limits_never_refuses(throttle):
    counter = Counter(key(1), COUNTING)
    assert [throttle.charge([counter]).failures[0] for _ in range(30)] == list(range(1, 31))


def test_refused_try_charges_none_of_its_counters(throttle):
    strict, counting = Counter(key(1), STRICT), Counter(key(2), COUNTING)
    for _ in range(3):
        throttle.charge([strict])
    assert isinstance(throttle.charge([counting, strict]), Refused)
    assert throttle.charge([counting]) == Charged((1,))


def test_failures_are_forgotten_after_their_time(throttle, clock):
    counter = Counter(key(1), Limit(slow_after=3, remembers=timedelta(hours=1)))
    for _ in range(3):
        throttle.charge([counter])
    clock.advance(hours=1)
    assert throttle.charge([counter]) == Charged((1,))


def test_purge_deletes_only_what_is_over(throttle, clock):
    throttle.charge([Counter(key(1), Limit(remembers=timedelta(minutes=30), lock=timedelta(0)))])
    throttle.charge([Counter(key(2), COUNTING)])
    clock.advance(hours=1)
    assert throttle.purge() == 1
    assert throttle.charge([Counter(key(2), COUNTING)]) == Charged((2,))


def test_many_at_once_get_no_more_tries_than_one_after_the_other(throttle):
    outcomes = []
    barrier = threading.Barrier(20)

    def attempt() -> None:
        barrier.wait()
        outcomes.append(throttle.charge([Counter(key(1), STRICT), Counter(key(2), COUNTING)]))

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    charged = [outcome for outcome in outcomes if isinstance(outcome, Charged)]
    assert sorted(outcome.failures for outcome in charged) == [(1, 1), (2, 2), (3, 3)]
    assert len(outcomes) == 20
    # Those who came too late left no trace on the other counter.
    assert throttle.charge([Counter(key(2), COUNTING)]) == Charged((4,))
