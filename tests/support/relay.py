"""A line to the tests' PostgreSQL that can fall silent: connections are still taken, and nothing comes back, as with a
server that is stopped or whose disk hangs.
"""

import socket
import threading
from contextlib import suppress

_PIECE = 65_536


class Relay:
    """Listens on loopback and passes on what it gets to PostgreSQL's socket, while it is not told to hang."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._flows = threading.Event()
        self._flows.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hang(self) -> None:
        self._flows.clear()

    def flow(self) -> None:
        self._flows.set()

    def close(self) -> None:
        self.flow()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(ours,), daemon=True).start()

    def _connect(self, ours: socket.socket) -> None:
        self._flows.wait()
        with ours, suppress(OSError), socket.socket(socket.AF_UNIX) as theirs:
            theirs.connect(self._path)
            there = threading.Thread(target=self._pass_on, args=(ours, theirs), daemon=True)
            there.start()
            self._pass_on(theirs, ours)
            there.join()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                self._flows.wait()
                target.sendall(piece)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
