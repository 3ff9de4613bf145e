"""A request and a reply without a framework, so that Flask and Django adapters only translate.

A reply of the kit is never stored by caches and never framed; its cookies are HttpOnly and SameSite=Lax, and Secure
over https.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

HEADERS = ("accept-language", "content-type", "origin", "sec-fetch-site")
_BODY_LIMIT_BYTES = 64 * 1024
_KEPT_CHARACTERS = "/?%&=:;,+$!*'()@~[]-._"


@dataclass(frozen=True, slots=True)
class Visit:
    """What the kit reads of a request."""

    method: str
    target: str
    """Path and query as the browser sent them."""
    query: tuple[tuple[str, str], ...]
    cookies: Mapping[str, str]
    headers: Mapping[str, str | None]
    """The few headers the kit looks at: those of HEADERS."""
    read: Callable[[int], bytes]
    """Reads at most so many bytes of the body."""

    def parameter(self, name: str) -> str | None:
        """Return a query parameter given exactly once, else None."""
        values = [value for key, value in self.query if key == name]
        return values[0] if len(values) == 1 else None

    def body(self) -> bytes | None:
        """Return the whole body, None when it is larger than any form the kit expects."""
        body = self.read(_BODY_LIMIT_BYTES + 1)
        return body if len(body) <= _BODY_LIMIT_BYTES else None


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to set; an empty value removes it, and ``max_age`` None lets it end with the browser."""

    name: str
    value: str
    max_age: int | None = None

    @property
    def attributes(self) -> dict[str, Any]:
        """What ``set_cookie`` of Flask and of Django wants to know besides name and value (RFC 6265bis §4.1.2)."""
        return {
            "max_age": self.max_age if self.value else 0,
            "secure": self.name.startswith("__Host-"),
            "httponly": True,
            "samesite": "Lax",
        }


class HTML(str):
    """Text that templates of Flask and Django put into a page as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a page of the kit says, in the person's language, for a template of the site to show within its own page."""

    title: str
    html: HTML
    """A heading and paragraphs. Links and buttons to act by are of the class ``act``, the lesser ones ``even`` too."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an adapter sends."""

    status: int
    body: str = ""
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[Cookie, ...] = ()
    notice: Fragment | None = None
    """What ``body`` says, for a template of the site."""

    def within(self, page: str) -> "Reply":
        """Return the reply with the site's own page, which the site's own policy of content goes with."""
        headers = {name: value for name, value in self.headers.items() if name != "Content-Security-Policy"}
        return replace(self, body=page, headers=headers)

    def all_headers(self) -> dict[str, str]:
        """Return the headers with those every reply carries."""
        return {
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body.encode())),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            **self.headers,
        }


def redirect(location: str, cookies: tuple[Cookie, ...] = ()) -> Reply:
    """Send the browser on with GET (RFC 9110 §15.4.4)."""
    return Reply(303, headers={"Location": location}, cookies=cookies)


def quoted_target(path_and_query: str) -> str:
    """Return a target with anything but ASCII percent-encoded, as it goes into a Location."""
    return quote(path_and_query, safe=_KEPT_CHARACTERS)
