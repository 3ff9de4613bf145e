"""A person's browser over the Flask test client: follows redirects, keeps cookies, fills in forms and presses buttons.

It sends what a real browser sends (Origin, Sec-Fetch-Site, Referer), so that the cross-site checks stay switched on,
and it stops at the redirect that leaves the provider, where a department's site would take over.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from tests.support.html import Document, Form, parse
from tests.support.remote import RemoteApplication

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 10


@dataclass(slots=True)
class Page:
    """What the browser shows: the last answer, parsed if it is HTML."""

    url: str
    response: TestResponse
    document: Document
    left_to: str = ""

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def headers(self) -> Headers:
        return self.response.headers

    @property
    def text(self) -> str:
        """The words of the page; for anything but HTML, the body."""
        return self.document.text or self.response.get_data(as_text=True)

    @property
    def source(self) -> str:
        return self.response.get_data(as_text=True)

    @property
    def title(self) -> str:
        return self.document.title.strip()

    @property
    def forms(self) -> list[Form]:
        return self.document.forms

    @property
    def json(self) -> Any:
        return json.loads(self.source)

    @property
    def answer(self) -> dict[str, str]:
        """The parameters of the redirect that left the provider: ``page.answer["code"]``."""
        parts = urlsplit(self.left_to)
        return {name: values[-1] for name, values in parse_qs(parts.query or parts.fragment).items()}

    def has(self, identifier: str) -> bool:
        """Say whether the page has an element of this id."""
        return identifier in self.document.ids

    def form(self, button: str | None = None, fields: Collection[str] = ()) -> Form:
        """Return the form with this button (id, name or value) and these fields; one that is posted, if there are
        several.
        """
        fitting = [form for form in self.forms if set(fields) <= set(form.names)]
        found = [form for form in fitting if button is None or form.button(button)]
        if not found:
            offered = [(form.action, form.names) for form in self.forms]
            raise AssertionError(
                f"{self.url} ({self.status}) has no form with button {button!r} and fields {sorted(fields)},"
                f" only {offered}: {self.text[:400]}"
            )
        return next((form for form in found if form.method == "post"), found[0])


class Browser:
    """One browser with its own cookies. ``network`` is the address it comes from; a new Browser is another device."""

    def __init__(
        self,
        app: Flask | RemoteApplication,
        issuer: str,
        *,
        language: str = "zh-CN,zh;q=0.9",
        network: str = "127.0.0.1",
        agent: str = "",
    ) -> None:
        self.issuer = issuer
        self.client = app.test_client()
        self._network = network
        self._headers = {
            "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
            "Accept-Language": language,
            "User-Agent": agent or "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36",
        }
        self._page: Page | None = None

    @property
    def page(self) -> Page:
        if self._page is None:
            raise AssertionError("no page was opened yet")
        return self._page

    def get(self, url: str, *, follow: bool = True, **parameters: str) -> Page:
        """Open an address as if typed, or as sent by a department's site."""
        target = urljoin(self.issuer + "/", url)
        if parameters:
            target += ("&" if "?" in target else "?") + urlencode(parameters)
        return self._open("GET", target, None, {"Sec-Fetch-Site": "none"}, follow=follow)

    def post(self, url: str, fields: Mapping[str, str] | list[tuple[str, str]], *, follow: bool = True) -> Page:
        """Post fields that no form on a page offered, as an attacker or a script of our own pages would."""
        return self._open("POST", urljoin(self.issuer + "/", url), fields, self._same_origin(), follow=follow)

    def follow_link(self, label: str) -> Page:
        """Follow the link whose words contain ``label``."""
        for href, words in self.page.document.links:
            if label in words:
                return self._open("GET", urljoin(self.page.url, href), None, {"Sec-Fetch-Site": "same-origin"})
        raise AssertionError(
            f"{self.page.url} has no link {label!r}: {[words for _, words in self.page.document.links]}"
        )

    def submit(self, button: str | None = None, *, follow: bool = True, **fields: str | None) -> Page:
        """Fill in the form with this button and these fields, and press it.

        Hidden fields, the CSRF token among them, go along as they are. A field that is None is left out: an unticked
        box.
        """
        form = self.page.form(button, fields)
        pressed = form.button(button) if button else form.default_button()
        pairs = [(name, value) for name, value in form.successful(pressed) if name not in fields]
        pairs += [(name, value) for name, value in fields.items() if value is not None]
        action = (pressed.attributes.get("formaction") if pressed else None) or form.action
        target = urljoin(self.page.url, action) if action else self.page.url
        if form.method == "get":
            target = target.split("?")[0] + "?" + urlencode(pairs)
            return self._open("GET", target, None, {"Sec-Fetch-Site": "same-origin"}, follow=follow)
        return self._open("POST", target, pairs, self._same_origin(), follow=follow)

    def sign_in(self, username: str, password: str, code: str | None = None) -> Page:
        """Fill in the sign-in page that is open, and the page for the authenticator's code if it comes."""
        page = self.submit("login-submit", username=username, password=password)
        if code is not None:
            page = self.submit(code=code)
        return page

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie; ``__Host-`` need not be said."""
        for path in ("/", "/login"):
            for full in (name, f"__Host-{name}"):
                found = self.client.get_cookie(full, domain=urlsplit(self.issuer).hostname or "localhost", path=path)
                if found is not None:
                    return found.value
        return None

    def set_cookie(self, name: str, value: str) -> None:
        self.client.set_cookie(name, value, domain=urlsplit(self.issuer).hostname or "localhost")

    def forget_cookies(self) -> None:
        """Do what "clear browsing data" does."""
        self.client._cookies = {}  # noqa: SLF001 - werkzeug offers no public way to empty its jar

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.forget_cookies()

    def _same_origin(self) -> dict[str, str]:
        return {
            "Origin": self.issuer,
            "Sec-Fetch-Site": "same-origin",
            "Referer": self._page.url if self._page else self.issuer + "/",
        }

    def _open(self, method: str, url: str, fields: Any, headers: dict[str, str], *, follow: bool = True) -> Page:
        for _ in range(_MOST_REDIRECTS):
            if not self._is_ours(url):
                return self._leave(url)
            response = self._send(method, url, fields, headers)
            is_html = response.mimetype == "text/html"
            document = parse(response.get_data(as_text=True)) if is_html else Document()
            self._page = Page(url, response, document)
            if not follow or response.status_code not in _REDIRECTS:
                return self._page
            if response.status_code not in {307, 308}:
                method, fields = "GET", None
            url = urljoin(url, response.headers["Location"])
        raise AssertionError(f"more than {_MOST_REDIRECTS} redirects, the last to {url}")

    def _send(self, method: str, url: str, fields: Any, headers: dict[str, str]) -> TestResponse:
        parts = urlsplit(url)
        body = (
            urlencode(list(fields.items() if isinstance(fields, Mapping) else fields)) if fields is not None else None
        )
        return self.client.open(
            parts.path or "/",
            method=method,
            base_url=self.issuer,
            query_string=parts.query,
            data=body,
            content_type="application/x-www-form-urlencoded" if body is not None else None,
            headers=self._headers | headers,
            environ_overrides={"REMOTE_ADDR": self._network},
        )

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url)[:2] == urlsplit(self.issuer)[:2]

    def _leave(self, url: str) -> Page:
        # The department's site now has the browser; the answer that sent it there stays readable.
        self._page = Page(self.page.url, self.page.response, self.page.document, left_to=url)
        return self._page
