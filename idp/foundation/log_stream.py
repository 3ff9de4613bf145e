"""Where log lines leave the process. Whoever takes them may be slow, stop, or be gone: no request waits for that, and
what is being logged is not undone by it, because some lines are written after a commit.

Lines that nobody takes are left out and counted, and the next one that is taken says how many they were.
"""

import os
import select
import threading
from contextlib import suppress
from typing import Final

import structlog

_PATIENCE_MILLISECONDS: Final = 500
# A pipe that can be written to takes so much at once (POSIX: at least 512; 4096 on Linux).
_PIECE: Final = select.PIPE_BUF


class LogStream(structlog.PrintLogger):
    """Writes lines to a file as long as somebody takes them."""

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            self._write(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg

    def _write(self, message: str) -> None:
        try:
            number = self._file.fileno()
        except OSError:
            # No file of the system, such as one in memory.
            super().msg(message)
            return
        taker = _TAKERS.get(number) or _TAKERS.setdefault(number, _Taker(number))
        taker.take(message)


class _Taker:
    """Whoever reads what is written to one file of the system."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._turn = threading.Lock()
        self._poll = select.poll()
        self._poll.register(number, select.POLLOUT)
        self._is_stuck = False
        self._is_torn = False
        self._lost = 0

    def take(self, message: str) -> None:
        """Write a line, or leave it out when the one before is still not taken."""
        # Another process may have filled the pipe since it was asked: then one thread of this one waits, and no other.
        if not self._turn.acquire(timeout=0 if self._is_stuck else _PATIENCE_MILLISECONDS / 1000):
            self._is_stuck = True
            self._lost += 1
            return
        try:
            self._take(message)
        finally:
            self._turn.release()

    def _take(self, message: str) -> None:
        told = f'{{"event":"log_lines_lost","level":"warning","count":{self._lost}}}\n' if self._lost else ""
        torn = "\n" if self._is_torn else ""
        rest = f"{torn}{told}{message}\n".encode()
        began = len(rest)
        while rest:
            if not self._poll.poll(0 if self._is_stuck else _PATIENCE_MILLISECONDS):
                self._is_stuck = True
                self._lost += 1
                self._is_torn = self._is_torn or len(rest) < began
                return
            rest = rest[os.write(self._number, rest[:_PIECE]) :]
        self._is_stuck = self._is_torn = False
        self._lost = 0


_TAKERS: Final[dict[int, _Taker]] = {}
# A thread that had its turn when a worker was forked has none there, and would never end it.
os.register_at_fork(after_in_child=_TAKERS.clear)
