"""Reading HTTP/1.1 answers (RFC 9112) with as little work per answer as Python allows, so that the generator stays
cheaper than the servers it measures. Knows lengths, chunks and answers that end with the connection; nothing else.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.bench.errors import BenchError

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
LOCATION = re.compile(rb"\r\nlocation: *([^\r]*)", re.IGNORECASE)
SET_COOKIE = re.compile(rb"\r\nset-cookie: *([^\r]*)", re.IGNORECASE)
WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Response:
    """One complete answer: `head` is everything up to and including the empty line."""

    status: int
    head: bytes
    body: bytes

    @property
    def location(self) -> str:
        """Return where a redirect points. Raises BenchError when the answer names no place."""
        found = LOCATION.search(self.head)
        if found is None:
            raise BenchError(f"a {self.status} answer without a Location")
        return found.group(1).decode("latin-1")

    @property
    def closes(self) -> bool:
        """Say whether the server ends the connection after this answer."""
        return CLOSES.search(self.head) is not None

    def header(self, name: str) -> str | None:
        """Return the first header of that name, for the places where speed does not matter."""
        found = re.search(rb"\r\n" + re.escape(name.encode()) + rb": *([^\r]*)", self.head, re.IGNORECASE)
        return found.group(1).decode("latin-1") if found else None

    def cookies(self) -> list[str]:
        """Return the value of every Set-Cookie header."""
        return [value.decode("latin-1") for value in SET_COOKIE.findall(self.head)]

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object."""
        value = json.loads(self.body)
        if not isinstance(value, dict):
            raise BenchError(f"a JSON object was expected, not {self.body[:100]!r}")
        return value

    def text(self, limit: int = 300) -> str:
        """Return the body without its tags, shortened, for error messages."""
        return re.sub(r"<[^>]+>|\s+", " ", self.body.decode("utf-8", "replace"))[:limit]


class ResponseReader:
    """Collects the bytes of one answer. `feed` returns the answer when it is complete, until then None."""

    __slots__ = ("_buffer", "_chunked", "_end", "_head_end", "_status")

    def __init__(self) -> None:
        self._buffer = b""
        self._head_end = -1
        self._end: int | None = None
        self._chunked = False
        self._status = 0

    @property
    def is_empty(self) -> bool:
        """Say whether nothing of the answer has arrived yet."""
        return not self._buffer

    def feed(self, data: bytes) -> Response | None:
        """Add what a socket gave."""
        buffer = self._buffer = self._buffer + data if self._buffer else data
        if self._head_end < 0 and not self._read_head(buffer):
            return None
        if self._chunked:
            if not buffer.endswith(b"0\r\n\r\n"):
                return None
            return Response(self._status, buffer[: self._head_end], unchunk(buffer, self._head_end))
        if self._end is None or len(buffer) < self._end:
            return None
        return Response(self._status, buffer[: self._head_end], buffer[self._head_end : self._end])

    def finish(self) -> Response:
        """Return the answer that the end of the connection completes. Raises BenchError when it was cut short."""
        if self._head_end < 0 or self._end is not None or self._chunked:
            raise BenchError("the connection ended in the middle of an answer")
        return Response(self._status, self._buffer[: self._head_end], self._buffer[self._head_end :])

    def _read_head(self, buffer: bytes) -> bool:
        blank = buffer.find(b"\r\n\r\n")
        if blank < 0:
            return False
        self._head_end = blank + 4
        self._status = int(buffer[9:12])
        head = buffer[: blank + 2]
        length = CONTENT_LENGTH.search(head)
        if length is not None:
            self._end = self._head_end + int(length.group(1))
        elif self._status in WITHOUT_BODY:
            self._end = self._head_end
        else:
            self._chunked = CHUNKED.search(head) is not None
        return True


def unchunk(buffer: bytes, position: int) -> bytes:
    """Return the body of a complete chunked answer whose chunks start at `position`."""
    parts: list[bytes] = []
    while True:
        line_end = buffer.find(b"\r\n", position)
        size = int(buffer[position:line_end].split(b";")[0], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(buffer[line_end + 2 : line_end + 2 + size])
        position = line_end + 4 + size
