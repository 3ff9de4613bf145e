"""The links that stand on many pages: the menu of the account pages and the footer.

A link is shown once its page exists, so that no page ever offers a dead end while the product grows.
"""

from dataclasses import dataclass
from typing import Final

from idp.foundation.translation import marked
from idp.web.shared.state import present_app, present_request

ACCOUNT_MENU: Final = (
    ("/account", marked("Overview")),
    ("/account/profile", marked("Personal details")),
    ("/account/methods", marked("Ways to sign in")),
    ("/account/devices", marked("Devices")),
    ("/account/services", marked("Connected services")),
    ("/account/activity", marked("Activity")),
    ("/logout", marked("Sign out")),
)
_PAGES: Final = "idp_pages"
FOOTER: Final = (
    ("/help", marked("Help")),
    ("/privacy", marked("Privacy")),
    ("/accessibility", marked("Accessibility")),
    ("/cookies", marked("Cookies")),
)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link of a menu; ``is_current`` on the page itself and on what lies below it."""

    href: str
    text: str
    is_current: bool


def account_menu(section: str = "") -> list[PageLink]:
    """Return the menu; ``section`` is the entry of a page whose own address does not lie below it."""
    return _existing(ACCOUNT_MENU, section or present_request().path)


def footer_links() -> list[PageLink]:
    return _existing(FOOTER, present_request().path)


def _existing(links: tuple[tuple[str, str], ...], at: str) -> list[PageLink]:
    pages = _pages()
    here = max((path for path, _ in links if at == path or at.startswith(path + "/")), key=len, default="")
    return [PageLink(path, text, path == here) for path, text in links if path in pages]


def _pages() -> frozenset[str]:
    """Return the addresses that exist, found out once for each application: every page asks."""
    known: frozenset[str] | None = present_app().extensions.get(_PAGES)
    if known is None:
        known = frozenset(rule.rule for rule in present_app().url_map.iter_rules() if not rule.arguments)
        present_app().extensions[_PAGES] = known
    return known
