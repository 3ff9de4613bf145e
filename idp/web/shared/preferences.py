"""Text size and elder mode (MIIT 2021 norms for elderly users), and the links that switch size and language on every
page.

The links are plain GETs to the page one is on. They keep every other parameter of its address, so that a sign-in
under way goes on.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from idp.foundation.translation import DEFAULT_LOCALE, marked
from idp.web.shared import locale
from idp.web.shared.cookies import PREFERENCE_LIFETIME_SECONDS, TEXT_SIZE, put_cookie, read_cookie
from idp.web.shared.state import present_request

PARAMETER: Final = "size"
STANDARD: Final = "m"
# The classes on <html>; idp.css turns them into 18, 24 and 30 px.
CLASSES: Final = {STANDARD: "", "l": "size-l", "xl": "size-xl", "elder": "elder", "elder-xl": "elder size-xl"}

_LONGEST_QUERY = 8_000
_OWN_PARAMETERS = {PARAMETER, locale.PARAMETER}


@dataclass(frozen=True, slots=True)
class SwitchLink:
    """One of the five links; ``language`` is set on the one whose text is in another language."""

    href: str
    text: str
    is_current: bool = False
    language: str = ""


def current_size() -> str:
    """Return the text size of this page; one chosen in the address is remembered in the cookie."""
    chosen = present_request().args.get(PARAMETER, "")
    if chosen in CLASSES:
        put_cookie(TEXT_SIZE, chosen, PREFERENCE_LIFETIME_SECONDS)
        return chosen
    remembered = read_cookie(TEXT_SIZE) or ""
    return remembered if remembered in CLASSES else STANDARD


def is_elder(size: str) -> bool:
    return size.startswith("elder")


def switch_links(size: str, language: str) -> list[SwitchLink]:
    """Return the links to the three sizes, elder mode and the other language."""
    elder = is_elder(size)
    kept = [(name, value) for name, value in present_request().args.items(multi=True) if name not in _OWN_PARAMETERS]
    is_short = sum(len(name) + len(value) for name, value in kept) <= _LONGEST_QUERY
    page = "?" + (urlencode(kept) + "&" if kept and is_short else "")
    # In elder mode the largest size stays in elder mode; the other two sizes lead out of it.
    largest = "elder-xl" if elder else "xl"
    sizes = [
        (STANDARD, marked("Standard"), size == STANDARD),
        ("l", marked("Large"), size == "l"),
        (largest, marked("Largest"), size == largest),
        ("elder", marked("Elder mode"), elder),
    ]
    links = [SwitchLink(f"{page}{PARAMETER}={value}", text, is_current) for value, text, is_current in sizes]
    if language == DEFAULT_LOCALE:
        return [*links, SwitchLink(f"{page}{locale.PARAMETER}=en", "English", language="en")]
    return [*links, SwitchLink(f"{page}{locale.PARAMETER}=zh", "中文", language="zh-Hans")]
