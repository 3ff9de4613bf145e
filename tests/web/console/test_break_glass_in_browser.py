"""The break-glass in Chromium, asked for and open: axe, both languages, a narrow phone."""

from functools import partial

import pytest

from idp.staff.powers import Power
from tests.support.chromium import screenshot, violations

NARROW = {"viewport": {"width": 320, "height": 700}}
WIDE = {"viewport": {"width": 1280, "height": 900}}
PATH = "/console/break-glass"


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_pages_are_accessible_in_both_languages_and_on_a_narrow_phone(
    at_console, console_app, serve_site, browser_context, services, locale, size
):
    server, browsers = serve_site(console_app), [at_console(Power.CUSTODIAN), at_console(Power.CUSTODIAN)]
    look = partial(_look, server, browser_context, locale, size)
    look(browsers[0], PATH, "none")
    look(browsers[0], f"{PATH}/ask", "ask")
    browsers[0].get(f"{PATH}/ask")
    browsers[0].submit(reason="All officers are out of reach since the flood")
    confirming = f"{PATH}/{services.break_glass.current().id}/confirm"
    look(browsers[1], PATH, "asked")
    look(browsers[1], confirming, "confirm")
    browsers[1].get(confirming)
    browsers[1].submit()
    look(browsers[0], "/console/sessions", "sessions")
    look(browsers[0], PATH, "open")


def _look(server, browser_context, locale, size, browser, path, name):
    cookie = {"name": "idp_console_session", "value": browser.cookie("idp_console_session"), "url": server.url}
    context = browser_context(locale=locale, java_script_enabled=True, **size)
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(f"{server.url}{path}")
    assert page.url.endswith(path)
    screenshot(page, f"break-glass-{name}-{locale[:2]}-{size['viewport']['width']}")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]
