"""A server of one behaviour on loopback: what the provider calls when it calls out."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

NAME = "tax.gov.example"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Who: tax\r\n\r\nok"


class Receiver:
    """Keeps what it was sent."""

    def __init__(self, answer: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self._answer = answer
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        if context is not None:
            context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connected,), daemon=True).start()

    def _handle(self, connected: socket.socket) -> None:
        try:
            with self._context.wrap_socket(connected, server_side=True) if self._context else connected as stream:
                self.requests.append(read_request(stream))
                self._answer(stream)
        except OSError:
            pass

    def close(self) -> None:
        self._listener.close()


def read_request(stream: socket.socket) -> bytes:
    """Read a whole request: closing with data unread would reset the connection."""
    data = stream.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), 0)
    while len(body) < length:
        more = stream.recv(65_536)
        data, body = data + more, body + more
    return data


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    receivers: list[Receiver] = []

    def start(answer: bytes | Callable[[socket.socket], None] = OK, context: ssl.SSLContext | None = None) -> Receiver:
        receivers.append(
            Receiver((lambda stream: stream.sendall(answer)) if isinstance(answer, bytes) else answer, context)
        )
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()
