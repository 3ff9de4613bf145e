"""A worker in a thread of the test: ``with working(services): wait_for(lambda: …)``."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from idp.jobs.worker import Worker


@contextmanager
def working(services: Any, stop: threading.Event | None = None, *, threads: int = 4) -> Iterator[Worker]:
    """Have a worker work meanwhile; it is asked to end by ``stop``, and in any case at the end."""
    worker, stop = Worker(services, jobs=(), threads=threads), stop or threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it has come to pass."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.02)
