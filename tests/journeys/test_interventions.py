"""What officers do to accounts, in Chromium: find by the ends of numbers, require, hold; and the person who renews."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from idp.staff.powers import Power
from tests.journeys.test_officers_day import at_console, console, running, setting_changes, witness
from tests.staff.conftest import new_officer
from tests.support.chromium import screenshot, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["at_console", "console", "new_officer", "running", "setting_changes", "witness"]

NEW = "velvet-orchard-sparrow-58"
NARROW = {"width": 320, "height": 900}


def looked_at(page: "Page", name: str) -> None:
    """Check a page as a machine can, keep pictures of it for people, and see that it fits a small screen."""
    assert violations(page) == []
    screenshot(page, name)
    wide = page.viewport_size
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], f"{name} scrolls sideways"
    screenshot(page, f"{name}-320")
    page.set_viewport_size(wide)


def send(page: "Page", **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.click("main form[method=post] button[type=submit]")
    page.wait_for_load_state()


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_an_officer_finds_holds_and_requires(
    at_console: Callable[..., "Page"], account_factory: Any, locale: str, console: str
):
    person, _other = account_factory(phone="13811117777"), account_factory(phone="13822227777")
    page = at_console(Power.SECURITY, locale)
    page.fill("[name=q]", "7777")
    page.press("[name=q]", "Enter")
    expect(page.locator("tbody tr")).to_have_count(2)
    looked_at(page, f"found-{locale}")
    path = f"{console}/console/accounts/{person.account_id}"
    page.goto(f"{path}/require")
    looked_at(page, f"require-{locale}")
    page.check("[name=kind][value=reset_credential]")
    page.check("[name=hours][value='24']")
    page.check("[name=factor]")
    send(page, reason="in a leaked list")
    page.goto(f"{console}/console/holds/new?account={person.account_id}")
    looked_at(page, f"place-hold-{locale}")
    send(page, reference="Order 7/2026", reason="court order")
    looked_at(page, f"holds-{locale}")
    page.click("tbody a[href$=end]")
    looked_at(page, f"end-hold-{locale}")
    page.goto(path)
    looked_at(page, f"account-{locale}")
    page.goto(f"{path}/merge")
    looked_at(page, f"merge-{locale}")
    page.goto(f"{path}/waive/reset_credential")
    looked_at(page, f"waive-{locale}")


def test_a_person_renews_the_password_that_an_officer_requires(
    at_console: Callable[..., "Page"],
    account_factory: Any,
    page: "Page",
    issuer: str,
    console: str,
    enter: Callable[..., None],
):
    person = account_factory()
    officer = at_console(Power.SECURITY, "en")
    officer.goto(f"{console}/console/accounts/{person.account_id}/require")
    officer.check("[name=kind][value=reset_credential]")
    officer.check("[name=hours][value='24']")
    send(officer, reason="in a leaked list")
    page.goto(f"{issuer}/account")
    enter(page, person)
    page.wait_for_url("**/login/renew**")
    page.keyboard.press("Tab")
    looked_at(page, "renew-zh")
    page.fill("[name=new_password]", NEW)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{issuer}/account")
    assert violations(page) == []
