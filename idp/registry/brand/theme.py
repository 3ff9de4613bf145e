"""The colours of a site: five tokens for light surroundings and five for dark ones, each ``#rrggbb`` (rule A8; the
design's look, §3).

Refused is what could not be read (WCAG 2.2, 1.4.3 and 1.4.11) or could pass for our seal or for an error. The style
sheet is generated from the parsed values and can set these five and nothing else.
"""

import colorsys
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from idp.foundation.translation import said
from idp.registry.brand.errors import BrandRefused

COLOURS: Final = ("brand", "action", "action_deep", "on_action", "soft")
SURROUNDINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {
        "surface": "#ffffff",
        "ground": "#eff4f4",
        "ink": "#14242a",
        "seal": "#b5281b",
        "bad": "#a5133b",
        "gap": "#ffc61a",
    },
    "dark": {
        "surface": "#162124",
        "ground": "#0e1618",
        "ink": "#e7eeee",
        "seal": "#d4513f",
        "bad": "#ff9db1",
        "gap": "#0e1618",
    },
}
"""What a theme stands among: the same values as in idp.css, held together by a test."""

_HEX: Final = re.compile(r"#[0-9a-f]{6}\Z")
_TEXT, _DRAWN = 4.5, 3.0
_CLOSE: Final = 20 / 360
_GREY: Final = 8 / 255
_DARK: Final = "dark"
_KINDS: Final[Mapping[str, str]] = {"light": said("light"), _DARK: said("dark")}


def canonical_theme(value: Any) -> dict[str, Any]:  # noqa: ANN401 - comes from a file
    """Return every colour written out: those not given follow from ``action``. Raises BrandRefused."""
    if not isinstance(value, Mapping):
        raise BrandRefused(
            said(
                "must be a table of %(names)s and, for dark surroundings, a table named %(dark)s",
                names=", ".join(COLOURS),
                dark=_DARK,
            )
        )
    light = {name: colour for name, colour in value.items() if name != _DARK}
    theme: dict[str, Any] = _five(light, "light")
    if _DARK in value:
        given = value[_DARK]
        if not isinstance(given, Mapping):
            raise BrandRefused(
                said("has %(dark)s, which must be a table of %(names)s", dark=_DARK, names=", ".join(COLOURS))
            )
        theme[_DARK] = _five(given, _DARK)
    return theme


def problems_of_theme(theme: Mapping[str, Any]) -> Iterator[str]:
    """Yield what speaks against a theme. The text follows the name of the member."""
    for kind, five in (("light", theme), (_DARK, theme.get(_DARK))):
        if five is not None:
            yield from _too_faint(five, kind)
            yield from _too_close(five, kind)


def style_sheet(theme: Mapping[str, Any]) -> str:
    """Return the style sheet of a canonical theme; without dark colours, ours stand there."""
    return "".join(
        f"@media (prefers-color-scheme:{kind}){{:root{{{';'.join(_token(name, five[name]) for name in COLOURS)}}}}}\n"
        for kind, five in (("light", theme), (_DARK, theme.get(_DARK)))
        if five is not None
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _five(given: Mapping[str, Any], kind: str) -> dict[str, str]:
    for name, colour in given.items():
        if name not in COLOURS:
            raise BrandRefused(
                said(
                    "has %(name)s, which a theme cannot set; it has %(names)s",
                    name=repr(name),
                    names=", ".join(COLOURS),
                )
            )
        if not isinstance(colour, str) or not _HEX.match(colour):
            raise BrandRefused(said("has %(name)s, which must be a colour such as #1d4b8f in lower case", name=name))
    if "action" not in given:
        raise BrandRefused(said("needs the colour action for %(kind)s surroundings", kind=_KINDS[kind]))
    return _proposed(given["action"], kind) | {name: given[name] for name in COLOURS if name in given}


def _proposed(action: str, kind: str) -> dict[str, str]:
    is_light = kind == "light"
    return {
        "brand": action,
        "action": action,
        "action_deep": _mixed(action, "#000000" if is_light else "#ffffff", 0.3),
        "on_action": "#ffffff" if is_light else SURROUNDINGS[_DARK]["ground"],
        "soft": _mixed(SURROUNDINGS[kind]["surface"], action, 0.1),
    }


def _too_faint(five: Mapping[str, str], kind: str) -> Iterator[str]:
    there = SURROUNDINGS[kind]
    pairs = (
        ("on_action", five["on_action"], "action", five["action"], _TEXT),
        ("on_action", five["on_action"], "action_deep", five["action_deep"], _TEXT),
        ("action", five["action"], said("paper"), there["surface"], _TEXT),
        ("action", five["action"], said("the ground"), there["ground"], _TEXT),
        ("action", five["action"], "soft", five["soft"], _TEXT),
        (said("our text"), there["ink"], "soft", five["soft"], _TEXT),
        ("brand", five["brand"], said("paper"), there["surface"], _DRAWN),
        ("action", five["action"], said("the mark of the focus"), there["gap"], _DRAWN),
    )
    for name, colour, where, ground, least in pairs:
        ratio = contrast(colour, ground)
        if ratio < least:
            yield said(
                "has %(name)s on %(where)s at a contrast of %(ratio)s in %(kind)s surroundings; it needs %(least)s",
                name=name,
                where=where,
                ratio=f"{ratio:.2f}",
                kind=_KINDS[kind],
                least=least,
            )


def _too_close(five: Mapping[str, str], kind: str) -> Iterator[str]:
    for name in COLOURS:
        hue = _hue(five[name])
        for ours, words in (("seal", said("our seal")), ("bad", said("an error"))):
            there = _hue(SURROUNDINGS[kind][ours])
            if hue is not None and there is not None and abs((hue - there + 0.5) % 1 - 0.5) < _CLOSE:
                yield said(
                    "has %(name)s, which in %(kind)s surroundings could be taken for %(words)s; choose another hue",
                    name=name,
                    kind=_KINDS[kind],
                    words=words,
                )


def _hue(colour: str) -> float | None:
    """Return the hue in turns, None of a grey."""
    red, green, blue = _channels(colour)
    return colorsys.rgb_to_hsv(red, green, blue)[0] if max(red, green, blue) - min(red, green, blue) > _GREY else None


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _channels(colour)]  # noqa: PLR2004 - sRGB
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mixed(one: str, other: str, share: float) -> str:
    parts = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(255 * (first + (second - first) * share)):02x}" for first, second in parts)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _token(name: str, colour: str) -> str:
    return f"--idp-{name.replace('_', '-')}:{colour}"
