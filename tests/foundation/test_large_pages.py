"""Large pages for a thread that needs much memory at once; where there are none, it works all the same."""

import mmap
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2.low_level import Type, hash_secret_raw

from idp.foundation import large_pages
from idp.foundation.large_pages import ask_for_large_pages

BLOCK = 20 * 1024 * 1024
CHOICE = Path("/sys/kernel/mm/transparent_hugepage/enabled")
HAS_LARGE_PAGES = sys.platform == "linux" and CHOICE.is_file() and "[never]" not in CHOICE.read_text()


def hashed():
    return hash_secret_raw(b"x" * 16, b"salt" * 4, 1, 19_456, 1, 32, Type.ID)


def large_kib():
    """Return how much of this process is in large pages."""
    return sum(int(size) for size in re.findall(r"AnonHugePages: +(\d+)", Path("/proc/self/smaps").read_text()))


@pytest.mark.skipif(not HAS_LARGE_PAGES, reason="the kernel has no large pages")
def test_what_a_thread_hashes_in_is_in_large_pages():
    """In a process of its own: what others of this one have allocated would count too."""
    program = (
        "from tests.foundation.test_large_pages import *\n"
        "with ThreadPoolExecutor(1, initializer=ask_for_large_pages, initargs=(BLOCK,)) as pool:\n"
        "    before = large_kib(); pool.submit(hashed).result(); print(large_kib() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert int(done.stdout) > 10 * 1024


@pytest.mark.parametrize("advice", [None, -1])
def test_a_system_that_knows_nothing_of_it_hashes_as_ever(monkeypatch, advice):
    monkeypatch.setattr(large_pages, "_ADVICE", advice)
    expected = hashed()
    with ThreadPoolExecutor(1, initializer=ask_for_large_pages, initargs=(BLOCK,)) as pool:
        assert pool.submit(hashed).result() == expected


def test_more_than_there_is_does_no_harm():
    failures = []
    thread = threading.Thread(target=lambda: failures.append(ask_for_large_pages(sys.maxsize - mmap.PAGESIZE)))
    thread.start()
    thread.join(10)
    assert failures == [None]
