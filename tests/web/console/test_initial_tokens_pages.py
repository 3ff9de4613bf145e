"""Registration tokens (RFC 7591) in the console: made by who registers services, shown once, revoked at once."""

import re
from datetime import timedelta

import pytest

from idp.staff.powers import Power

PATH = "/console/initial-tokens"
RIGHT = {"agency": "new-bureau", "profile": "standard", "uses": "2", "days": "7", "reason": "they move to us"}


def issue(browser, **changes):
    browser.get(f"{PATH}/new")
    return browser.submit(**(RIGHT | changes))


def token_of(page):
    return page.source.partition('<code id="initial-access-token">')[2].partition("<")[0]


@pytest.fixture
def register(client):
    """Register a client over HTTP with a token; return the status."""

    def post(token):
        body = {"redirect_uris": ["https://app.example.org/callback"], "client_name": "Newcomer"}
        return client.post("/register", json=body, headers={"Authorization": f"Bearer {token}"}).status_code

    return post


def test_a_token_is_made_shown_once_used_and_its_use_is_seen(at_console, register, services, clock):
    browser = at_console(Power.SYSTEM)
    token = token_of(issue(browser))
    assert len(token) > 40
    clock.advance(minutes=1)
    assert register(token) == 201
    page = browser.get(PATH)
    assert "new-bureau" in page.text
    assert token not in page.source
    (line,) = services.initial_tokens.list()
    assert (line.uses_left, line.last_used_at, line.state) == (1, clock.now(), "active")
    assert register(token) == 201
    assert register(token) == 401
    assert services.initial_tokens.list()[0].state == "used_up"
    assert token not in repr(list(services.audit.export()))


@pytest.mark.parametrize("path", [PATH, f"{PATH}/new", "/console/new-client", "/console/clients"])
def test_the_menu_says_that_these_pages_are_about_services(at_console, path):
    page = at_console(Power.SYSTEM).get(path)
    assert re.findall(r'href="([^"]+)" aria-current="page"', page.source) == ["/console/clients"]


def test_a_revoked_token_registers_nothing_more(at_console, register, services):
    token = token_of(issue(at_console(Power.SYSTEM)))
    assert register(token) == 201
    security = at_console(Power.SECURITY)
    security.get(PATH)
    page = security.follow_link("Revoke new-bureau")
    assert security.submit(reason="x").status == 400
    assert security.submit(reason="it was sent by mail").path == PATH
    assert register(token) == 401
    assert "Revoked" in security.page.text
    assert page.path.endswith("/revoke")
    event = [one for one in services.audit.export() if one.action == "client_initial_token_revoked"][-1]
    assert (event.reason, event.detail["before"], event.detail["agency"]) == (
        "it was sent by mail",
        {"uses_left": 1},
        "new-bureau",
    )


def test_two_who_revoke_at_once_are_told_who_was_second(at_console):
    issue(at_console(Power.SYSTEM))
    first, second = at_console(), at_console()
    for browser in (first, second):
        browser.get(PATH)
        browser.follow_link("Revoke new-bureau")
    assert first.submit(reason="it was sent by mail").path == PATH
    assert second.submit(reason="it was sent by mail").status == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"agency": "New Bureau"}, "agency"),
        ({"agency": ""}, "agency"),
        ({"profile": "fapi3"}, "profile"),
        ({"profile": None}, "profile"),
        ({"uses": "0"}, "uses"),
        ({"uses": "101"}, "uses"),
        ({"uses": "٣"}, "uses"),
        ({"days": "31"}, "days"),
        ({"days": "1e1"}, "days"),
        ({"reason": "x"}, "reason"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_makes_no_token(at_console, services, changes, field):
    page = issue(at_console(Power.SYSTEM), **changes)
    assert page.status == 400
    assert page.has(f"{field}-problem")
    assert services.initial_tokens.list() == []


def test_a_delegate_has_to_do_with_their_own_agency_only(at_console, services):
    issue(at_console(Power.SYSTEM), agency="other-bureau")
    (other,) = services.initial_tokens.list()
    delegate = at_console(Power.DELEGATE, agency="tax-bureau")
    assert "other-bureau" not in delegate.get(PATH).text
    assert delegate.get(f"{PATH}/{other.id}/revoke").status == 404
    assert issue(delegate, agency="other-bureau").status == 400
    assert len(services.initial_tokens.list()) == 1
    assert token_of(issue(delegate, agency="tax-bureau"))
    assert "tax-bureau" in delegate.get(PATH).text


@pytest.mark.parametrize(
    ("power", "sees", "issues"),
    [
        (Power.SYSTEM, True, True),
        (Power.SECURITY, True, False),
        (Power.AUDIT, True, False),
        (Power.HELP_DESK, False, False),
        (Power.CUSTODIAN, False, False),
    ],
)
def test_powers_include_what_the_table_says(at_console, power, sees, issues):
    browser = at_console(power)
    assert browser.get(PATH).status == (200 if sees else 403)
    assert browser.get(f"{PATH}/new").status == (200 if issues else 403)


def test_an_auditor_revokes_nothing(at_console, services):
    issue(at_console(Power.SYSTEM))
    (line,) = services.initial_tokens.list()
    auditor = at_console(Power.AUDIT)
    assert "Revoke" not in auditor.get(PATH).text.partition("new-bureau")[2]
    assert auditor.get(f"{PATH}/{line.id}/revoke").status == 403


def test_a_token_is_revoked_however_many_were_made_since(at_console, services):
    """Whoever makes two hundred more must not thereby keep one out of reach."""
    browser = at_console(Power.SYSTEM)
    first = services.initial_tokens.issue("new-bureau", uses=1, lifetime=timedelta(days=30), actor="command:root")
    for _ in range(200):
        services.initial_tokens.issue("new-bureau", uses=1, lifetime=timedelta(days=1), actor="command:root")
    assert str(first.id) in browser.get(PATH).source
    browser.get(f"{PATH}/{first.id}/revoke")
    browser.submit(reason="it leaked")
    assert services.initial_tokens.find(first.token.reveal()) is None
