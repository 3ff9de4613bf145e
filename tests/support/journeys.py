"""Fixtures of the browser journeys: Chromium once a worker, a clean context each test. A pytest plugin."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    # Playwright takes half a second to import, which every run of a single test would pay.
    from playwright.sync_api import Browser, BrowserContext, Page

_STEP_MILLISECONDS = 15_000


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """Chromium, one for all journeys of a worker."""
    from playwright.sync_api import sync_playwright

    from tests.support.chromium import launch

    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def browser_context(chromium: "Browser") -> Iterator[Callable[..., "BrowserContext"]]:
    """Make contexts: each is another device with cookies of its own. Options are Playwright's, Chinese on a desktop by
    default.
    """
    from tests.support.chromium import DESKTOP

    contexts: list[BrowserContext] = []

    def make(**options: Any) -> "BrowserContext":
        context = chromium.new_context(**({"locale": "zh-CN", "timezone_id": "Asia/Shanghai"} | DESKTOP | options))
        context.set_default_timeout(_STEP_MILLISECONDS)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(browser_context: Callable[..., "BrowserContext"]) -> "Page":
    """A desktop page in Chinese."""
    return browser_context().new_page()


@pytest.fixture
def phone_page(browser_context: Callable[..., "BrowserContext"]) -> "Page":
    """A phone's page in Chinese."""
    from tests.support.chromium import PHONE

    return browser_context(**PHONE).new_page()
