"""How often the requests of a sign-in ask the database: each reads once, and writes in as few transactions as it may.

Counted, not timed. ``tests/protocol/test_statements.py`` does the same for the endpoints of machines.
"""

import pytest

from tests.protocol.statements import watched


@pytest.fixture
def tax(new_relying_party):
    return new_relying_party("tax")


@pytest.fixture
def person(account_factory, new_browser, tax, clock):
    """Somebody who has an authenticator app and agreed to the tax site before, with another browser."""
    person = account_factory(with_totp=True, with_recovery_codes=True)
    tax.sign_in(new_browser(network="192.0.2.1"), person, clock)
    clock.advance(30)
    return person


@pytest.mark.usefixtures("person")
def test_the_pages_before_the_password_ask_nothing(tax, browser, services):
    with watched(services.database) as seen:
        assert tax.authorize(browser).path == "/login"
    assert seen.kinds == []


def test_a_right_password_reads_once_and_writes_in_two_transactions(tax, browser, services, person):
    """The try is charged and committed before the hash, so that tries at once cannot outrun the counters (rule S3)."""
    tax.authorize(browser)
    with watched(services.database) as seen:
        browser.submit("login-submit", follow=False, username=person.username, password=person.password)
    assert seen.kinds == ["SELECT", "INSERT", "UPDATE", "UPDATE", "INSERT"]
    assert seen.commits == 2


def test_a_wrong_password_reads_once(tax, browser, services, person):
    tax.authorize(browser)
    with watched(services.database) as seen:
        browser.submit("login-submit", follow=False, username=person.username, password="wrong-lantern-harbour")
    assert seen.kinds == ["SELECT", "INSERT", "INSERT"]


def test_the_page_of_the_second_factor_reads_once(tax, browser, services, person):
    tax.authorize(browser)
    browser.submit("login-submit", follow=False, username=person.username, password=person.password)
    address = browser.page.headers["Location"]
    with watched(services.database) as seen:
        assert browser.get(address).path == "/login/totp"
    assert seen.kinds == ["SELECT"]


def test_a_right_code_is_one_transaction(tax, browser, services, person, clock):
    """Charge, claim, forgive, end the attempt, open the session, record it, know the device."""
    tax.authorize(browser)
    browser.submit("login-submit", username=person.username, password=person.password)
    with watched(services.database) as seen:
        browser.submit(follow=False, code=person.code(clock))
    assert seen.kinds == ["SELECT", "INSERT", "SELECT", "UPDATE", "UPDATE", "DELETE", "INSERT", "INSERT", "INSERT"]
    assert seen.commits == 1


def test_going_back_to_a_site_that_was_agreed_to_is_one_read_and_one_transaction(tax, browser, services, person, clock):
    """Look, then hold the consent, and insert the site's part of the session, the grant, its record and the code."""
    tax.authorize(browser)
    browser.submit("login-submit", username=person.username, password=person.password)
    browser.submit(follow=False, code=person.code(clock))
    address = browser.page.headers["Location"]
    with watched(services.database) as seen:
        assert "code" in browser.get(address).answer
    assert seen.kinds == ["SELECT", "SELECT", "INSERT", "INSERT", "INSERT", "INSERT"]
    assert seen.commits == 1
