"""A virtual user: one person with one browser, seen as cookies, one connection and the requests it builds.

Says how requests look on the wire (RFC 9110, cookies of RFC 6265 as far as sign-in needs them), including the forwarded
address that the trusted proxy in front of a real deployment would add. Never touches a socket.
"""

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar
from urllib.parse import parse_qs, urljoin, urlsplit

from tests.bench.errors import BenchError
from tests.bench.load.people import Person
from tests.bench.load.responses import Response
from tests.bench.load.subject import CLIENT_ID, Subject

T = TypeVar("T")
Script: TypeAlias = Generator[bytes | float, Response | None, T]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 15
MOST_WAITS = 30
BROWSER = ("Accept: text/html",)
GONE = frozenset({"0", "-1"})


@dataclass(slots=True)
class Tokens:
    """What the last code flow or refresh of a virtual user gave."""

    access: str
    refresh: str | None
    ready_at: float
    """When it was issued, on the performance counter."""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page somebody now looks at, and its address."""

    url: str
    response: Response


@dataclass(frozen=True, slots=True)
class Returned:
    """The browser was sent back to the client with these parameters."""

    parameters: dict[str, str]


class VirtualUser:
    """One person's browser and the department site behind it, talking to one server. `tokens` are by client.

    `waits` counts how often the server had no place and asked to come back later.
    """

    def __init__(self, subject: Subject, person: Person) -> None:
        self.subject = subject
        self.person = person
        self.client_id = CLIENT_ID
        self.tokens: dict[str, Tokens] = {}
        self.waits = 0
        self._cookies: dict[tuple[str, str], str] = {}
        self._authority = urlsplit(subject.issuer).netloc

    def change_person(self, person: Person) -> None:
        """Become somebody else at a browser that has never been here."""
        self.person = person
        self.tokens.clear()
        self._cookies.clear()

    def build(
        self,
        method: str,
        url: str,
        body: str | None = None,
        headers: Iterable[str] = (),
        *,
        with_cookies: bool = False,
    ) -> bytes:
        """Return one request as bytes. A body is always a form."""
        parts = urlsplit(url)
        path = parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._authority}", f"X-Forwarded-For: {self.person.address}"]
        if with_cookies and self._cookies:
            lines.append("Cookie: " + self._cookies_for(path))
        lines.extend(headers)
        if body is not None:
            lines.append("Content-Type: application/x-www-form-urlencoded")
            lines.append(f"Content-Length: {len(body.encode())}")
        return ("\r\n".join(lines) + "\r\n\r\n" + (body or "")).encode()

    def ask(self, request: bytes) -> Script[Response]:
        """Send one request that carries no cookies and store none."""
        response = yield request
        if response is None:
            raise BenchError("a script that sent a request was resumed without an answer")
        return response

    def browse(
        self,
        method: str,
        url: str,
        body: str | None = None,
        headers: Iterable[str] = BROWSER,
    ) -> Script[Page | Returned]:
        """Follow redirects until a page is shown or the browser is sent back to the client."""
        for _ in range(MOST_REDIRECTS):
            response = yield from self._patiently(self.build(method, url, body, headers, with_cookies=True))
            self._keep_cookies(response)
            if response.status not in REDIRECTS:
                return Page(url, response)
            target = urljoin(url, response.location)
            if target.startswith(self.subject.redirect_uri):
                query = parse_qs(urlsplit(target).query)
                return Returned({name: values[0] for name, values in query.items()})
            if response.status < 307:
                method, body = "GET", None
            url = target
        raise BenchError(f"too many redirects at {urlsplit(url).path}")

    def _patiently(self, request: bytes) -> Script[Response]:
        """Send a request again when the server has asked to come back later, as the people it asks would."""
        for _ in range(MOST_WAITS):
            response = yield from self.ask(request)
            patience = response.header("Retry-After") if response.status == 503 else None
            if patience is None:
                return response
            self.waits += 1
            yield time.perf_counter() + int(patience)
        raise BenchError(f"the server asked to come back later {MOST_WAITS} times")

    def _cookies_for(self, path: str) -> str:
        fitting = (f"{name}={value}" for (name, prefix), value in self._cookies.items() if path.startswith(prefix))
        return "; ".join(fitting)

    def _keep_cookies(self, response: Response) -> None:
        if b"ookie" not in response.head:
            return
        for line in response.cookies():
            first, *attributes = line.split(";")
            name, _, value = first.strip().partition("=")
            path, is_gone = "/", value == ""
            for attribute in attributes:
                key, _, setting = attribute.strip().partition("=")
                match key.lower():
                    case "path" if setting:
                        path = setting
                    case "max-age":
                        is_gone = is_gone or setting.strip() in GONE
                    case "expires":
                        is_gone = is_gone or "1970" in setting
            if is_gone:
                self._cookies.pop((name, path), None)
            else:
                self._cookies[(name, path)] = value


Operation: TypeAlias = Callable[[VirtualUser], Script[None]]
