"""How often the requests of a sign-in ask the database: each reads once, and writes in as few transactions as it may.

Counted, not timed. ``tests/protocol/test_statements.py`` does the same for the endpoints of machines.
"""

from typing import Any

import pytest
from sqlalchemy import event

from tests.support.statements import watched

# An event, and its personal values beside it (decision 0011).
RECORDED = ["INSERT", "INSERT"]


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
    assert seen.kinds == ["SELECT", "INSERT", *RECORDED]


def test_the_page_of_the_second_factor_reads_once(tax, browser, services, person):
    tax.authorize(browser)
    browser.submit("login-submit", follow=False, username=person.username, password=person.password)
    address = browser.page.headers["Location"]
    with watched(services.database) as seen:
        assert browser.get(address).path == "/login/totp"
    assert seen.kinds == ["SELECT"]


def test_a_right_code_is_one_transaction_and_the_way_back_to_the_site_another(tax, browser, services, person, clock):
    """Charge, claim, forgive, end the attempt, open the session with its record, know the device. Then, in the same
    request, for a site that was agreed to: look, hold the consent, insert the site's part of the session, the grant
    with its record, and the code.
    """
    tax.authorize(browser)
    browser.submit("login-submit", username=person.username, password=person.password)
    with watched(services.database) as seen:
        assert "code=" in browser.submit(follow=False, code=person.code(clock)).headers["Location"]
    # Decision 0008: what is recorded with a row is one statement with it on PostgreSQL.
    with_record = ["WITH"] if services.database.dialect == "postgresql" else ["INSERT", *RECORDED]
    signing_in = ["SELECT", "INSERT", "SELECT", "UPDATE", "UPDATE", "DELETE", *with_record, "INSERT"]
    going_back = ["SELECT", "SELECT", "INSERT", *with_record, "INSERT"]
    assert seen.kinds == [*signing_in, *going_back]
    assert seen.commits == 2


@pytest.mark.only_on("postgresql")
def test_a_sign_in_is_all_prepared_statements(tax, browser, services, person, clock):
    """Decision 0009: what libpq runs itself has no cursor."""
    by_sqlalchemy: list[str] = []

    def note(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if cursor is not None and "_version" not in statement:
            by_sqlalchemy.append(statement)

    engines = services.database.engines
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        tax.authorize(browser)
        browser.submit("login-submit", username=person.username, password=person.password)
        assert "code=" in browser.submit(follow=False, code=person.code(clock)).headers["Location"]
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    assert by_sqlalchemy == []
