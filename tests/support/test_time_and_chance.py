"""Frozen time and fixed randomness do what tests rely on."""

from datetime import timedelta

from tests.support.clock import START, FrozenClock, RunningClock
from tests.support.entropy import FixedEntropy


def test_frozen_clock_moves_only_when_told():
    clock = FrozenClock()
    assert clock.now() == clock.now() == START
    clock.advance(30)
    clock.advance(minutes=1)
    assert clock.now() - START == timedelta(seconds=90)


def test_running_clock_keeps_what_it_was_moved_by():
    clock = RunningClock()
    before = clock.now()
    clock.advance(hours=1)
    assert timedelta(hours=1) <= clock.now() - before < timedelta(hours=1, seconds=30)
    clock.set(START)
    assert timedelta(0) <= clock.now() - START < timedelta(seconds=30)


def test_fixed_entropy_repeats_itself_between_runs_but_not_within_one():
    first, second = FixedEntropy(FrozenClock()), FixedEntropy(FrozenClock())
    values = [first.token() for _ in range(100)]
    assert values == [second.token() for _ in range(100)]
    assert len(set(values)) == 100


def test_identifiers_of_one_millisecond_keep_their_order():
    entropy = FixedEntropy(FrozenClock())
    identifiers = [entropy.uuid7() for _ in range(1000)]
    assert identifiers == sorted(identifiers)
    assert {identifier.version for identifier in identifiers} == {7}
