"""Answering the pages a provider shows: sign-in, one-time code and consent forms, found by what they contain.

Relies on what the contract promises of our pages: the fields `username`, `password` and `code` and the button
`consent-allow`. The peer's pages are written by the bench and keep the same names.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

from tests.bench.errors import BenchError
from tests.bench.load.people import Authenticators, Person
from tests.bench.load.virtual_user import Page

BUTTONS = ("login-submit", "code-submit", "consent-allow")


@dataclass(slots=True)
class Form:
    """A form as the page describes it. `buttons` are the submit buttons by id."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submission:
    """What the browser sends when the form is answered."""

    method: str
    url: str
    body: str | None


class FormReader(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self._current: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a control of the form that is open."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._current = Form(attributes.get("action", ""), attributes.get("method", "get").upper())
            self.forms.append(self._current)
        elif self._current is not None and "disabled" not in attributes:
            if tag == "input":
                note_input(self._current, attributes)
            elif tag == "button" and attributes.get("type", "submit") == "submit":
                note_button(self._current, attributes)

    def handle_endtag(self, tag: str) -> None:
        """Close the open form."""
        if tag == "form":
            self._current = None


def note_input(form: Form, attributes: dict[str, str]) -> None:
    """Remember what an input would send if nobody touched it."""
    kind, name = attributes.get("type", "text").lower(), attributes.get("name", "")
    if kind in {"submit", "image"}:
        note_button(form, attributes)
    elif kind in {"checkbox", "radio"}:
        if "checked" in attributes:
            form.fields[name] = attributes.get("value", "on")
    elif name:
        form.fields[name] = attributes.get("value", "")


def note_button(form: Form, attributes: dict[str, str]) -> None:
    """Remember a submit button under its id."""
    form.buttons[attributes.get("id", "")] = attributes


def answer(page: Page, person: Person, authenticators: Authenticators) -> Generator[float, None, Submission]:
    """Fill in the one form of the page that stands between the person and the client."""
    reader = FormReader()
    reader.feed(page.response.body.decode("utf-8", "replace"))
    for form in reader.forms:
        if "password" in form.fields:
            form.fields.update(username=person.username, password=person.password)
        elif "code" in form.fields:
            form.fields["code"] = yield from authenticators.code(person)
        elif "consent-allow" not in form.buttons:
            continue
        return submission(form, page.url)
    raise BenchError(
        f"no form to answer at {page.url.partition('?')[0]} ({page.response.status}): {page.response.text()}"
    )


def submission(form: Form, page_url: str) -> Submission:
    """Return the request that pressing the form's main button makes."""
    button = next((form.buttons[name] for name in BUTTONS if name in form.buttons), {})
    if button.get("name"):
        form.fields[button["name"]] = button.get("value", "")
    url = urljoin(page_url, button.get("formaction") or form.action or page_url)
    if form.method == "GET":
        return Submission("GET", f"{url}?{urlencode(form.fields)}", None)
    return Submission("POST", url, urlencode(form.fields))
