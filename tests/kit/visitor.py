"""A visitor's browser on one site: cookies, no automatic redirects, and the headers a real browser sends."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit


@dataclass
class Shown:
    """An answer."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def location(self) -> str:
        return self.headers["Location"] or ""


class Visitor:
    """Keeps the cookies of one site. ``elsewhere`` makes another browser on the same site."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.cookies: dict[str, str] = {}
        self.accept_language: str | None = None

    def elsewhere(self) -> "Visitor":
        return Visitor(self.origin)

    def get(self, target: str) -> Shown:
        return self._ask("GET", target.removeprefix(self.origin), None, {})

    def post(
        self, target: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Shown:
        """Post as a page of the site itself would, unless the headers say otherwise."""
        usual = {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", target, urlencode(fields or {}), usual | dict(headers or {}))

    def sign_in(self, provider, target: str = "/login", **changes: str) -> Shown:
        """Go to the provider, come back, and return the answer to the callback."""
        return self.get(provider.authorize(self.get(target).location, **changes))

    def _ask(self, method: str, target: str, body: str | None, headers: dict[str, str]) -> Shown:
        if self.accept_language is not None:
            headers = headers | {"Accept-Language": self.accept_language}
        connection = http.client.HTTPConnection(urlsplit(self.origin).netloc, timeout=10)
        cookie = (
            {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        )
        try:
            connection.request(method, target, body, headers | cookie)
            answer = connection.getresponse()
            shown = Shown(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()
        self._keep(shown.headers.get_all("Set-Cookie") or [])
        return shown

    def _keep(self, set_cookies: list[str]) -> None:
        for line in set_cookies:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
