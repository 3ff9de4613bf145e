"""A logo in SVG 1.1, written anew from the shapes, attributes and values on our list (rule A8).

Scripts, styles, links, references and embedded pictures are on no list, so that none can come through; text has to be
drawn as paths. What drawing programs add for themselves is left out, everything else that is unknown is refused by its
name. A document type, the way to entities, is refused before anything is expanded.
"""

import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from idp.foundation.translation import said
from idp.registry.brand.errors import BrandRefused

_SVG: Final = "http://www.w3.org/2000/svg"
_SHAPES: Final = frozenset({"g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
_LEFT_OUT: Final = frozenset({"title", "desc", "metadata", "defs"})
_IGNORED: Final = frozenset({"id", "class", "version", "baseProfile", "enable-background", "role"})
_DEEPEST: Final = 16
_MOST_ELEMENTS: Final = 500

# Each can match a text in one way only: a hostile value must not make the search take its time. Blanks are single when
# these are asked.
_NUMBER: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?"
_LENGTH: Final = re.compile(rf"{_NUMBER}(?:px|%)?")
_NUMBERS: Final = re.compile(rf"{_NUMBER}(?:[ ,]+{_NUMBER})*")
_PATH: Final = re.compile(r"[MmZzLlHhVvCcSsQqTtAa0-9eE+\-., ]+")
_PAINT: Final = re.compile(r"none|currentColor|#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|[a-z]{3,20}")
_MOVES: Final = re.compile(r"(?:(?:translate|scale|rotate|skewX|skewY|matrix)\([0-9eE+\-., ]+\)[ ,]{0,3})+")
_ATTRIBUTES: Final[Mapping[str, re.Pattern[str]]] = {
    **dict.fromkeys(("x", "y", "width", "height", "cx", "cy", "r", "rx", "ry", "x1", "y1", "x2", "y2"), _LENGTH),
    **dict.fromkeys(("stroke-width", "stroke-miterlimit", "stroke-dashoffset"), _LENGTH),
    **dict.fromkeys(("opacity", "fill-opacity", "stroke-opacity"), _LENGTH),
    **dict.fromkeys(("fill", "stroke"), _PAINT),
    **dict.fromkeys(("fill-rule", "clip-rule"), re.compile("evenodd|nonzero")),
    "d": _PATH,
    "points": _NUMBERS,
    "stroke-dasharray": re.compile(rf"none|{_NUMBERS.pattern}"),
    "stroke-linecap": re.compile("butt|round|square"),
    "stroke-linejoin": re.compile("miter|round|bevel"),
    "transform": _MOVES,
}


def canonical_svg(text: str) -> str:
    """Return the picture written anew; what is canonical stays as it is. Raises BrandRefused."""
    return _Drawing().read(text)


class _Drawing:
    """Reads a picture and writes what it understands."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._open: list[str] = []
        self._skipped = 0
        self._elements = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.ProcessingInstructionHandler = self._instruction
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def read(self, text: str) -> str:
        try:
            self._parser.Parse(text, True)  # noqa: FBT003 - expat's signature
        except (expat.ExpatError, ValueError) as error:
            if isinstance(error, BrandRefused):
                raise
            raise BrandRefused(said("is not well-formed SVG")) from None
        return "".join(self._written)

    def _doctype(self, *_given: object) -> None:
        raise BrandRefused(said("must have no document type: leave the line <!DOCTYPE …> out"))

    def _instruction(self, *_given: object) -> None:
        raise BrandRefused(said("must have no processing instruction: leave lines <?…?> out"))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._open) + self._skipped >= _DEEPEST:
            raise BrandRefused(
                said(
                    "has more than %(most_elements)s elements or more than %(deepest)s levels; simplify it",
                    most_elements=_MOST_ELEMENTS,
                    deepest=_DEEPEST,
                )
            )
        if not self._open:
            self._begin(namespace, local, attributes)
        elif self._skipped or namespace != _SVG or local in _LEFT_OUT:
            self._skipped += 1
        elif local in _SHAPES:
            self._write(local, _kept(attributes))
        else:
            raise BrandRefused(
                said("holds <%(local)s>, which a logo here may not; shapes only, and text drawn as paths", local=local)
            )

    def _begin(self, namespace: str, local: str, attributes: dict[str, str]) -> None:
        if (namespace, local) != (_SVG, "svg"):
            raise BrandRefused(said('must begin with <svg xmlns="%(svg)s">', svg=_SVG))
        size: dict[str, str] = {
            name: attributes.pop(name) for name in ("viewBox", "width", "height") if name in attributes
        }
        ignored = {name: value for name, value in attributes.items() if name not in {"x", "y", "preserveAspectRatio"}}
        self._write("svg", {"xmlns": _SVG, "viewBox": _view_of(size)} | _kept(ignored))

    def _write(self, local: str, attributes: Mapping[str, str]) -> None:
        self._open.append(local)
        self._written.append(f"<{local}" + "".join(f" {name}={quoteattr(text)}" for name, text in attributes.items()))
        self._written[-1] += ">"

    def _end(self, _name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        else:
            self._written.append(f"</{self._open.pop()}>")

    def _text(self, text: str) -> None:
        if not self._skipped and text.strip():
            raise BrandRefused(said("holds text; draw it as paths"))


def _kept(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes on our list, in its order."""
    given = {name: " ".join(value.split()) for name, value in attributes.items()}
    for name, value in given.items():
        if name in _IGNORED or " " in name or name.startswith(("data-", "aria-")):
            continue
        if name not in _ATTRIBUTES:
            raise BrandRefused(
                said(
                    "has the attribute %(name)s, which a logo here may not; write colours as fill and stroke", name=name
                )
            )
        if not _ATTRIBUTES[name].fullmatch(value):
            raise BrandRefused(
                said("has a value of %(name)s that is not understood; no url(…), no functions", name=name)
            )
    return {name: given[name] for name in _ATTRIBUTES if name in given}


def _view_of(size: Mapping[str, str]) -> str:
    given = size.get("viewBox") or f"0 0 {size.get('width', '')} {size.get('height', '')}".replace("px", "")
    numbers = given.replace(",", " ").split()
    if not _NUMBERS.fullmatch(" ".join(numbers)) or len(numbers) != 4 or min(map(float, numbers[2:])) <= 0:  # noqa: PLR2004 - a box
        raise BrandRefused(said("must say its size: give <svg> a viewBox such as 0 0 120 40"))
    return " ".join(numbers)
