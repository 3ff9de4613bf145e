"""Password hashing waits in the open and starves nobody (rule S5)."""

import os
import re
import sys
import threading
import time
from pathlib import Path

import pytest

from idp.factors.hashing_pool import Busy, HashingPool, Place


def reserved(pool: HashingPool, identifier: bytes) -> Place:
    place = pool.reserve(identifier)
    assert isinstance(place, Place)
    return place


def test_place_is_refused_when_all_are_taken():
    pool = HashingPool(slots=1, places=2)
    first, second = pool.reserve(b"a"), pool.reserve(b"b")
    assert isinstance(first, Place)
    assert isinstance(second, Place)
    started = time.perf_counter()
    refused = pool.reserve(b"c")
    assert isinstance(refused, Busy)
    assert refused.retry_after >= 1
    # Decided within 50 ms; the rest is the machine.
    assert time.perf_counter() - started < 1
    with first:
        pass
    assert isinstance(pool.reserve(b"c"), Place)


def test_identifier_has_one_hash_in_flight():
    pool = HashingPool(slots=4, places=16)
    with reserved(pool, b"a"):
        assert isinstance(pool.reserve(b"a"), Busy)
        assert isinstance(pool.reserve(b"b"), Place)
    assert isinstance(pool.reserve(b"a"), Place)


def test_place_is_given_back_when_the_work_fails():
    pool = HashingPool(slots=1, places=1)
    with pytest.raises(ZeroDivisionError), reserved(pool, b"a") as place:
        place.run(lambda: 1 / 0)
    with reserved(pool, b"a") as place:
        assert place.run(lambda: 7) == 7


def test_no_more_hashes_run_at_once_than_there_are_slots():
    pool = HashingPool(slots=2, places=8)
    lock, pair = threading.Lock(), threading.Barrier(2, timeout=30)
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        # However late the machine starts the second thread, the first one is still at work.
        pair.wait()
        time.sleep(0.02)
        with lock:
            running -= 1

    def visit(name: bytes) -> None:
        with reserved(pool, name) as place:
            place.run(work)

    threads = [threading.Thread(target=visit, args=(bytes([number]),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_place_is_refused_when_the_queue_would_be_too_long():
    pool = HashingPool(slots=1, queue_seconds=0.1, places=100)
    # However slow this machine is, work of nothing is much quicker than what may be waited for.
    for _ in range(30):
        pool.run(lambda: None)
    places: list[Place] = []
    while isinstance(place := pool.reserve(str(len(places)).encode()), Place):
        places.append(place)
    assert 2 <= len(places) < 100


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own here")
def test_hashing_gives_way_to_requests():
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    with reserved(HashingPool(slots=1), b"a") as place:
        assert place.run(niceness) > niceness()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no time slice of their own here")
def test_hashing_asks_for_a_longer_slice_than_requests():
    """A request that wakes interrupts a hash under way, instead of waiting until its slice is over."""

    def slice_nanoseconds() -> int:
        try:
            told = Path(f"/proc/self/task/{threading.get_native_id()}/sched").read_text()
        except OSError:
            pytest.skip("this kernel does not show how threads are scheduled")
        found = re.search(r"se\.slice\s*:\s*(\d+)", told)
        if found is None:
            pytest.skip("this kernel gives all threads one slice")
        return int(found.group(1))

    with reserved(HashingPool(slots=1), b"a") as place:
        assert place.run(slice_nanoseconds) > slice_nanoseconds()
