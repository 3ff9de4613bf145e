"""Chromium for journeys: Debian's own, driven by Playwright, with nothing in it that talks to the outside.

``violations`` runs axe-core inside the page, which checks what a machine can check of WCAG 2.2.
"""

from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, Playwright

from tests.support.availability import chromium

_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}


def launch(playwright: Playwright) -> Browser:
    """Start Chromium, or end the test as not run."""
    return playwright.chromium.launch(executable_path=chromium(), headless=True, args=_FLAGS)


def expect_axe(page: Page) -> None:
    """Let every document that this page will open bring axe-core along: half a megabyte that need not be sent again."""
    page.add_init_script(AXE_SCRIPT)


def violations(page: Page, *ignored: str) -> list[str]:
    """Return what axe-core finds wrong with the page, one readable line a rule; ``ignored`` are rule ids."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    # Only what is wrong: what is in order, with the source of each element, is the far larger part of the results.
    options = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(options).then(results => results.violations)", options)
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: "
        + "; ".join(" ".join(map(str, node["target"])) for node in one["nodes"][:5])
        for one in found
        if one["id"] not in ignored
    ]


def screenshot(page: Page, name: str) -> Path:
    """Keep a picture of the whole page under var/screenshots, for people to look at."""
    folder = Path(__file__).resolve().parent.parent.parent / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path
