"""The kit's one way to call the provider: standard library only, bounded in time and size.

http.client knows neither proxies nor redirects, which is what is wanted: a token request must reach the address that
discovery named, or nobody. Certificates are always verified.
"""

import http.client
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from rp_kit.errors import ProviderUnreachable
from rp_kit.strict_json import decode_object

_BODY_LIMIT_BYTES = 512 * 1024
_CHUNK_BYTES = 64 * 1024
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def object(self) -> dict[str, Any]:
        """Return the JSON object in the body. Raises ProviderUnreachable when there is none."""
        try:
            return decode_object(self.body)
        except ValueError as error:
            raise ProviderUnreachable(f"status {self.status} without a JSON object: {error}") from None


class Outbound:
    """Calls with one deadline each."""

    def __init__(self, timeout_seconds: float, ca_file: str | None = None) -> None:
        """Trust the system's certificate authorities, and those in the file."""
        self._timeout_seconds = timeout_seconds
        self._ca_file = ca_file

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Raise ProviderUnreachable when no complete answer comes in time."""
        return self._call("GET", url, None, headers or {})

    def post_form(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Post urlencoded fields. Raises as ``get`` does."""
        return self._call("POST", url, urlencode(fields).encode("ascii"), {**_FORM, **(headers or {})})

    def _call(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(url)
        deadline = time.monotonic() + self._timeout_seconds
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with closing(self._connection(parts)) as connection:
                connection.request(method, target, body, {"Accept": "application/json", **headers})
                answer = connection.getresponse()
                received = _read(answer, deadline)
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, received)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ProviderUnreachable(
                f"{method} {parts.netloc}{parts.path}: {type(error).__name__}: {error}"
            ) from error

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._ca_file:
            context.load_verify_locations(self._ca_file)
        return context

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        if parts.scheme == "https":
            # Reading the authorities takes a while, and a development site over http never needs them.
            return http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=self._timeout_seconds, context=self._tls
            )
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self._timeout_seconds)


def _read(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read the whole body. The socket's own time limit is per packet, so a slow sender is stopped here."""
    received = bytearray()
    while chunk := answer.read1(_CHUNK_BYTES):
        received += chunk
        if len(received) > _BODY_LIMIT_BYTES:
            raise ValueError("the answer is too large")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer is too slow")
    return bytes(received)
