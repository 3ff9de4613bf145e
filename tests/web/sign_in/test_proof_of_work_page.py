"""The wait page in a real browser: with the script it computes and goes on, without it one waits (rule S3)."""

import pytest
from playwright.sync_api import expect

from tests.sign_in.visitor import Visitor
from tests.support.chromium import PHONE, violations


@pytest.fixture
def person(account_factory, services, clock):
    """Somebody at whose account six wrong passwords were tried from this network just now."""
    person = account_factory()
    Visitor(services, network="127.0.0.0/24").fail_slowly(person.username, clock, 6)
    return person


def give_password(page, person):
    page.fill("[name=username]", person.username)
    page.fill("[name=password]", person.password)
    page.click("#login-submit")


@pytest.mark.usefixtures("serve")
def test_the_browser_works_and_the_person_goes_on(page, issuer, person):
    page.goto(f"{issuer}/login")
    give_password(page, person)
    expect(page.locator("input[name=proof]")).to_have_count(1)
    expect(page.locator("[name=password]")).to_be_visible()
    assert page.input_value("[name=username]") == person.username
    assert violations(page) == []
    page.fill("[name=password]", person.password)
    page.click("#login-submit")
    page.wait_for_url(f"{issuer}/account")


@pytest.mark.usefixtures("serve")
def test_without_the_script_there_is_the_wait(browser_context, issuer, person, clock):
    page = browser_context(java_script_enabled=False, **PHONE).new_page()
    page.goto(f"{issuer}/login")
    give_password(page, person)
    expect(page.locator("h1")).to_have_text("请稍等一会儿")
    clock.advance(16)
    page.click("main [name=again]")
    expect(page.locator("[name=username]")).to_have_value(person.username)
    give_password(page, person)
    page.wait_for_url(f"{issuer}/account")
