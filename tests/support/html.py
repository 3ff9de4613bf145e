"""Reading a page as a person meets it: its title, its text, its links, its forms and their buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_SILENT = {"script", "style", "template", "svg"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass(slots=True)
class Control:
    """An input, a text area, a choice or a button, with its attributes."""

    kind: str
    attributes: dict[str, str]
    value: str = ""

    @property
    def name(self) -> str:
        return self.attributes.get("name", "")

    @property
    def is_button(self) -> bool:
        return self.kind == "button" or self.attributes.get("type", "").lower() in {"submit", "image", "button"}


@dataclass(slots=True)
class Form:
    """A form: where it goes, how, and with what."""

    action: str
    method: str
    attributes: dict[str, str]
    controls: list[Control] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [control.name for control in self.controls if control.name]

    def button(self, label: str) -> Control | None:
        """Return the button of this id, name or value."""
        wanted = ("id", "name", "value")
        buttons = [control for control in self.controls if control.is_button]
        return next((one for one in buttons if label in {one.attributes.get(name) for name in wanted}), None)

    def default_button(self) -> Control | None:
        """Return the button that Enter presses: the first one (HTML §4.10.21.2)."""
        return next((control for control in self.controls if control.is_button), None)

    def successful(self, button: Control | None) -> list[tuple[str, str]]:
        """Return the fields that a browser would send if nothing were changed (HTML §4.10.21.4)."""
        pairs = []
        for control in self.controls:
            if not control.name or "disabled" in control.attributes:
                continue
            if control.is_button and control is not button:
                continue
            is_choice = control.attributes.get("type", "").lower() in {"checkbox", "radio"}
            if is_choice and "checked" not in control.attributes:
                continue
            pairs.append((control.name, control.value))
        return pairs


@dataclass(slots=True)
class Document:
    """What the parser found."""

    language: str = ""
    title: str = ""
    forms: list[Form] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    text: str = ""


def parse(source: str) -> Document:
    """Return what a page holds."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    reader.document.text = " ".join(" ".join(reader.words).split())
    reader.document.links = [(href, " ".join(words.split())) for href, words in reader.document.links]
    return reader.document


class _Reader(HTMLParser):
    """Collects forms and text in one pass. Controls outside a form may name it by ``form=``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.document = Document()
        self.words: list[str] = []
        self._silent: list[str] = []
        self._form: Form | None = None
        self._inside: list[tuple[str, Control]] = []
        self._link = False
        self._title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if "id" in attributes:
            self.document.ids.add(attributes["id"])
        if tag in _SILENT:
            self._silent.append(tag)
        opener = getattr(self, f"_open_{tag}", None)
        if opener is not None:
            opener(attributes)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()
        if tag == "form":
            self._form = None
        elif tag == "title":
            self._title = False
        elif tag == "a":
            self._link = False
        elif self._inside and self._inside[-1][0] == tag and tag not in _VOID:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if self._title:
            self.document.title += data
            return
        if self._inside and self._inside[-1][0] == "textarea":
            self._inside[-1][1].value += data.removeprefix("\n")
        if self._link:
            href, label = self.document.links[-1]
            self.document.links[-1] = (href, label + data)
        if not self._silent:
            self.words.append(data)

    def _open_html(self, attributes: dict[str, str]) -> None:
        self.document.language = attributes.get("lang", "")

    def _open_title(self, _attributes: dict[str, str]) -> None:
        # An SVG has titles too; the page's own comes first.
        self._title = not self._silent and not self.document.title

    def _open_a(self, attributes: dict[str, str]) -> None:
        self.document.links.append((attributes.get("href", ""), ""))
        self._link = True

    def _open_form(self, attributes: dict[str, str]) -> None:
        form = Form(attributes.get("action", ""), attributes.get("method", "get").lower(), attributes)
        self.document.forms.append(form)
        self._form = form

    def _open_input(self, attributes: dict[str, str]) -> None:
        is_choice = attributes.get("type", "").lower() in {"checkbox", "radio"}
        self._add(Control("input", attributes, attributes.get("value", "on" if is_choice else "")))

    def _open_textarea(self, attributes: dict[str, str]) -> None:
        self._inside.append(("textarea", self._add(Control("textarea", attributes))))

    def _open_select(self, attributes: dict[str, str]) -> None:
        self._inside.append(("select", self._add(Control("select", attributes))))

    def _open_option(self, attributes: dict[str, str]) -> None:
        if self._inside and self._inside[-1][0] == "select":
            control = self._inside[-1][1]
            if not control.value or "selected" in attributes:
                control.value = attributes.get("value", "")

    def _open_button(self, attributes: dict[str, str]) -> None:
        self._add(Control("button", {"type": "submit"} | attributes, attributes.get("value", "")))

    def _add(self, control: Control) -> Control:
        owner = control.attributes.get("form")
        by_id = next((form for form in self.document.forms if owner and form.attributes.get("id") == owner), None)
        form = by_id or self._form
        if form is not None:
            form.controls.append(control)
        return control
