"""Tokens and consents in Chromium: axe, both languages, a narrow phone, the keyboard."""

import pytest
from playwright.sync_api import expect

from idp.consents.grant_filter import GrantFilter
from tests.interventions.conftest import setting_changes
from tests.protocol.conftest import tax, visitor_of
from tests.support.chromium import screenshot, violations

pytestmark = pytest.mark.only_on("sqlite")

__all__ = ["setting_changes", "tax", "visitor_of"]

OFFLINE = "openid profile phone offline_access"
NARROW = {"viewport": {"width": 320, "height": 700}}
WIDE = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def held(services, tax, visitor_of, account_factory, clock):
    """Grants of every kind, one of which has ended; the first of them, and an ending."""
    first = visitor_of(account_factory())
    token = first.tokens(tax, scope=OFFLINE)["refresh_token"]
    clock.advance(3600)
    assert tax.refresh(token).status_code == 200
    visitor_of(account_factory()).tokens(tax, scope="openid profile")
    withdrawn = visitor_of(account_factory())
    withdrawn.tokens(tax, scope=OFFLINE)
    services.consents.withdraw(withdrawn.account_id, "tax", actor="system")
    (line,) = services.protocol.grant_list.page(GrantFilter(account_id=first.account_id))
    return line


@pytest.fixture
def opened(at_console, console_app, serve_site, browser_context):
    """Return an officer's page in Chromium, and the address of the console."""

    def make(**options):
        server = serve_site(console_app)
        cookie = {"name": "idp_console_session", "value": at_console().cookie("idp_console_session")}
        context = browser_context(java_script_enabled=True, **options)
        context.add_cookies([cookie | {"url": server.url}])
        return context.new_page(), server.url

    return make


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_pages_are_accessible_in_both_languages_and_on_a_narrow_phone(
    held, opened, services, officer, locale, size
):
    chosen = GrantFilter(client_id="tax", is_offline=False)
    ending = services.mass_endings.decide(chosen, officer(), "drill", services.changes)
    page, url = opened(locale=locale, **size)
    for path in (
        "?state=all&client=tax",
        f"/{held.id}",
        "/end?client=tax",
        f"/endings/{ending}",
        "?account=nobody-here",
    ):
        page.goto(f"{url}/console/grants{path}")
        name = path.strip("/?").partition("=")[0].partition("?")[0][:12].rstrip("0123456789-")
        screenshot(page, f"grants-{name}-{locale[:2]}-{size['viewport']['width']}")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]


def test_one_is_revoked_by_the_keyboard_alone(held, opened, services):
    page, url = opened()
    page.goto(f"{url}/console/grants/{held.id}")
    page.focus("#reason")
    page.keyboard.type("tokens in a log file")
    page.keyboard.press("Enter")
    expect(page.locator("#revoke-grant")).to_have_count(0)
    assert services.protocol.grant_list.find(held.id).end_reason == "ended_by_staff"
    assert services.consents.list(held.account_id), "the first button is the milder one"
