"""The loop that drives virtual users: one keep-alive connection each, epoll, and a heap of those that pause.

Closed loop: a user sends its next request only when the last was answered. Single-threaded on purpose: the generator
has one core, and what it costs there is reported with every result.
"""

import heapq
import itertools
import select
import socket
import time
from collections.abc import Callable, Iterable, Sequence

from tests.bench.errors import BenchError
from tests.bench.load.responses import Response, ResponseReader
from tests.bench.load.virtual_user import Operation, Script, VirtualUser

LONGEST_POLL_SECONDS = 1.0
RECEIVE_BYTES = 262_144


class Run:
    """One script on its way, and the connection it uses."""

    __slots__ = ("address", "connection", "is_fresh", "is_over", "reader", "request", "script")

    def __init__(self, address: tuple[str, int], script: Script[None]) -> None:
        self.address = address
        self.script = script
        self.connection: socket.socket | None = None
        self.reader: ResponseReader | None = None
        self.request = b""
        self.is_fresh = True
        self.is_over = False


class Engine:
    """Runs scripts to their end, or until a time."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._runs: dict[int, Run] = {}
        self._idle: dict[VirtualUser, socket.socket] = {}
        self._pauses: list[tuple[float, int, Run]] = []
        self._order = itertools.count()

    def close(self) -> None:
        """Close every connection."""
        for connection in self._idle.values():
            connection.close()
        self._idle.clear()
        self._poll.close()

    def each(self, users: Iterable[VirtualUser], script_of: Operation) -> None:
        """Run one script for each user, one after the other."""
        for user in users:
            self.together([user], script_of)

    def together(
        self,
        users: Sequence[VirtualUser],
        script_of: Operation,
        *,
        until: float | None = None,
        then: Callable[[], None] | None = None,
        drain_seconds: float = 15.0,
    ) -> None:
        """Run one script for each user at once. At `until`, `then` is called, and what is under way may still end."""
        runs = {user: self._start(user, script_of(user)) for user in users}
        if until is not None:
            self._loop(runs.values(), until)
            if then is not None:
                then()
            until = time.perf_counter() + drain_seconds
        self._loop(runs.values(), until)
        for user, run in runs.items():
            self._put_back(user, run)
        self._pauses.clear()

    def _start(self, user: VirtualUser, script: Script[None]) -> Run:
        run = Run(user.subject.address, script)
        run.connection = self._idle.pop(user, None)
        if run.connection is not None:
            run.is_fresh = False
            self._watch(run)
        self._step(run, None)
        return run

    def _put_back(self, user: VirtualUser, run: Run) -> None:
        """Keep an idle connection for the user's next script; close one that still waits for an answer."""
        if run.connection is None:
            return
        connection, waits = run.connection, run.reader is not None
        self._forget(run)
        if waits:
            connection.close()
        else:
            self._idle[user] = connection

    def _loop(self, runs: Iterable[Run], until: float | None) -> None:
        watched = list(runs)
        poll, by_descriptor = self._poll.poll, self._runs
        while True:
            now = time.perf_counter()
            if until is not None and now >= until:
                return
            if all(run.is_over for run in watched):
                return
            self._resume_paused(now)
            for descriptor, _ in poll(self._patience(now, until)):
                run = by_descriptor.get(descriptor)
                if run is None:
                    continue
                response = self._receive(run)
                if response is not None:
                    self._step(run, response)

    def _patience(self, now: float, until: float | None) -> float:
        patience = LONGEST_POLL_SECONDS
        if self._pauses:
            patience = min(patience, self._pauses[0][0] - now)
        if until is not None:
            patience = min(patience, until - now)
        return max(0.0, patience)

    def _resume_paused(self, now: float) -> None:
        while self._pauses and self._pauses[0][0] <= now:
            self._step(heapq.heappop(self._pauses)[2], None)

    def _step(self, run: Run, response: Response | None) -> None:
        try:
            wish = run.script.send(response)
        except StopIteration:
            run.is_over = True
            return
        if isinstance(wish, bytes):
            run.request = wish
            self._send(run)
        else:
            heapq.heappush(self._pauses, (wish, next(self._order), run))

    def _send(self, run: Run) -> None:
        run.reader = ResponseReader()
        connection = run.connection or self._open(run)
        try:
            connection.sendall(run.request)
        except (BrokenPipeError, ConnectionResetError):
            self._drop(run)
            self._open(run).sendall(run.request)

    def _receive(self, run: Run) -> Response | None:
        if run.connection is None:
            return None
        try:
            data = run.connection.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            data = b""
        if run.reader is None:
            self._drop(run)
            return None
        if not data:
            return self._ended(run, run.reader)
        response = run.reader.feed(data)
        if response is None:
            return None
        run.reader, run.is_fresh = None, False
        if response.closes:
            self._drop(run)
        return response

    def _ended(self, run: Run, reader: ResponseReader) -> Response | None:
        """Handle the end of the connection: a completed answer, or a keep-alive race that is tried again once."""
        was_fresh = run.is_fresh
        self._drop(run)
        if not reader.is_empty:
            run.reader = None
            return reader.finish()
        if was_fresh:
            raise BenchError("the server closed a new connection without an answer")
        self._send(run)
        return None

    def _open(self, run: Run) -> socket.socket:
        connection = socket.create_connection(run.address, timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        run.connection, run.is_fresh = connection, True
        self._watch(run)
        return connection

    def _watch(self, run: Run) -> None:
        if run.connection is not None:
            self._runs[run.connection.fileno()] = run
            self._poll.register(run.connection.fileno(), select.EPOLLIN)

    def _forget(self, run: Run) -> None:
        if run.connection is not None:
            del self._runs[run.connection.fileno()]
            self._poll.unregister(run.connection.fileno())
            run.connection = None

    def _drop(self, run: Run) -> None:
        connection = run.connection
        self._forget(run)
        if connection is not None:
            connection.close()
