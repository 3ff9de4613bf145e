"""Every route of the console for every power, over HTTP: who is let in, what wants a fresh sign-in, what believes no
other site (rules A1, A2, S8; ASVS 8.2.1).

The table is written by hand and names the routes one by one, so that a new one is refused here until somebody has
decided whose it is. What the code derives its guards from is not asked.
"""

from uuid import UUID

import pytest

from idp.staff.powers import Power
from tests.web.console.conftest import CONSOLE

_EVERYBODY = "system security audit delegate help_desk custodian"
_CLIENTS = "system security audit delegate"
_PROPOSERS = "system delegate"

GUARDED = {
    "GET /console": _EVERYBODY,
    "POST /console/search": _EVERYBODY,
    "GET /console/break-glass": "system security audit custodian",
    "POST /console/break-glass": "system security audit custodian",
    "GET /console/break-glass/ask": "custodian",
    "POST /console/break-glass/ask": "custodian",
    "GET /console/break-glass/<uuid:glass_id>/confirm": "custodian",
    "POST /console/break-glass/<uuid:glass_id>/confirm": "custodian",
    "GET /console/requests": "security",
    "GET /console/requests/<uuid:request_id>": "security",
    "POST /console/requests/<uuid:request_id>": "security",
    "GET /console/staff": "security audit",
    "GET /console/staff/new": "security",
    "POST /console/staff/new": "security",
    "GET /console/staff/<uuid:person_id>/end": "security",
    "POST /console/staff/<uuid:person_id>/end": "security",
    "GET /console/staff/<uuid:person_id>/review": "security",
    "POST /console/staff/<uuid:person_id>/review": "security",
    "GET /console/staff/<uuid:person_id>/email": "security",
    "POST /console/staff/<uuid:person_id>/email": "security",
    "GET /console/sessions": "security help_desk",
    "POST /console/sessions": "security help_desk",
    "GET /console/sessions/end": "security",
    "POST /console/sessions/end": "security",
    "GET /console/sessions/endings/<uuid:ending_id>": "security help_desk",
    "GET /console/sessions/<uuid:session_id>": "security help_desk",
    "POST /console/sessions/<uuid:session_id>": "security",
    "GET /console/grants": "security help_desk",
    "POST /console/grants": "security help_desk",
    "GET /console/grants/end": "security",
    "POST /console/grants/end": "security",
    "GET /console/grants/endings/<uuid:ending_id>": "security help_desk",
    "GET /console/grants/<uuid:grant_id>": "security help_desk",
    "POST /console/grants/<uuid:grant_id>": "security",
    "GET /console/clients": _CLIENTS,
    "POST /console/clients": _CLIENTS,
    "GET /console/clients/<client_id>": _CLIENTS,
    "POST /console/clients/<client_id>": _PROPOSERS,
    "GET /console/clients/<client_id>/versions/<int:number>": _CLIENTS,
    "POST /console/clients/<client_id>/versions/<int:number>": _PROPOSERS,
    "GET /console/clients/<client_id>/versions/<int:number>/preview": _CLIENTS,
    "GET /console/clients/<client_id>/versions/<int:number>/brand/<name>": _CLIENTS,
    "GET /console/clients/<client_id>/brand": _PROPOSERS,
    "POST /console/clients/<client_id>/brand": _PROPOSERS,
    "GET /console/new-client": _PROPOSERS,
    "POST /console/new-client": _PROPOSERS,
    "GET /console/clients/<client_id>/edit": _PROPOSERS,
    "POST /console/clients/<client_id>/edit": _PROPOSERS,
    "GET /console/clients/<client_id>/stop": "system security",
    "POST /console/clients/<client_id>/stop": "system security",
    "GET /console/clients/<client_id>/resume": "system security",
    "POST /console/clients/<client_id>/resume": "system security",
    "GET /console/clients/<client_id>/secret": _PROPOSERS,
    "POST /console/clients/<client_id>/secret": _PROPOSERS,
    "GET /console/initial-tokens": _CLIENTS,
    "GET /console/initial-tokens/new": _PROPOSERS,
    "POST /console/initial-tokens/new": _PROPOSERS,
    "GET /console/initial-tokens/<uuid:token_id>/revoke": "system security delegate",
    "POST /console/initial-tokens/<uuid:token_id>/revoke": "system security delegate",
    "GET /console/events": "security audit",
    "POST /console/events": "security audit",
    "GET /console/events/export": "audit",
    "POST /console/events/export": "audit",
    "GET /console/events/<uuid:event_id>": "security audit",
    "GET /console/events/<uuid:event_id>/proof": "audit",
    "POST /console/events/<uuid:event_id>/proof": "audit",
    "GET /console/integrity": "security audit",
    "GET /console/integrity/checkpoint": "security audit",
    "GET /console/integrity/export": "audit",
    "POST /console/integrity/export": "audit",
    "GET /console/hunts": "security audit",
    "GET /console/hunts/travels": "security audit",
    "GET /console/hunts/rules/new": "security",
    "POST /console/hunts/rules/new": "security",
    "GET /console/hunts/rules/<uuid:rule_id>/switch": "security",
    "POST /console/hunts/rules/<uuid:rule_id>/switch": "security",
    "GET /console/hunts/rules/<uuid:rule_id>/remove": "security",
    "POST /console/hunts/rules/<uuid:rule_id>/remove": "security",
    "GET /console/banners": "system",
    "GET /console/banners/new": "system",
    "POST /console/banners/new": "system",
    "GET /console/banners/<uuid:banner_id>": "system",
    "POST /console/banners/<uuid:banner_id>": "system",
    "GET /console/banners/<uuid:banner_id>/withdraw": "system",
    "POST /console/banners/<uuid:banner_id>/withdraw": "system",
    "GET /console/blocks": "security",
    "GET /console/blocks/new": "security",
    "POST /console/blocks/new": "security",
    "GET /console/blocks/<uuid:entry_id>/lift": "security",
    "POST /console/blocks/<uuid:entry_id>/lift": "security",
    "GET /console/holds": "security",
    "GET /console/holds/new": "security",
    "POST /console/holds/new": "security",
    "GET /console/holds/<uuid:hold_id>/end": "security",
    "POST /console/holds/<uuid:hold_id>/end": "security",
    "GET /console/messages": "system security",
    "GET /console/messages/<uuid:notice_id>/retry": "system",
    "POST /console/messages/<uuid:notice_id>/retry": "system",
    "GET /console/keys": "system audit",
    "POST /console/keys": "system",
    "GET /console/keys/rotate": "system",
    "POST /console/keys/rotate": "system",
    "GET /console/keys/emergency": "system",
    "POST /console/keys/emergency": "system",
    "GET /console/health": "system",
    "GET /console/policies": "system security audit",
    "GET /console/deliveries": "system security",
    "GET /console/deliveries/retry": "system",
    "POST /console/deliveries/retry": "system",
    "GET /console/accounts": "security help_desk",
    "POST /console/accounts": "security help_desk",
    "GET /console/accounts/<uuid:account_id>": "security help_desk",
    "GET /console/accounts/<uuid:account_id>/restrict": "security",
    "POST /console/accounts/<uuid:account_id>/restrict": "security",
    "GET /console/accounts/<uuid:account_id>/lift/<kind>": "security",
    "POST /console/accounts/<uuid:account_id>/lift/<kind>": "security",
    "GET /console/accounts/<uuid:account_id>/factors/<uuid:authenticator_id>/reset": "security help_desk",
    "POST /console/accounts/<uuid:account_id>/factors/<uuid:authenticator_id>/reset": "security help_desk",
    "GET /console/accounts/<uuid:account_id>/require": "security",
    "POST /console/accounts/<uuid:account_id>/require": "security",
    "GET /console/accounts/<uuid:account_id>/waive/<kind>": "security",
    "POST /console/accounts/<uuid:account_id>/waive/<kind>": "security",
    "GET /console/accounts/<uuid:account_id>/note": "security help_desk",
    "POST /console/accounts/<uuid:account_id>/note": "security help_desk",
    "GET /console/accounts/<uuid:account_id>/merge": "security",
    "POST /console/accounts/<uuid:account_id>/merge": "security",
    "GET /console/accounts/<uuid:account_id>/reveal": "security",
    "POST /console/accounts/<uuid:account_id>/reveal": "security",
}
UNGUARDED = {"GET /", "GET /console/bootstrap", "POST /console/bootstrap"}
"""The way in, and the first officers of a deployment, who have no power yet."""

NOT_FRESH = {
    "POST /console/search",
    "POST /console/sessions",
    "POST /console/grants",
    "POST /console/clients",
    "POST /console/events",
    "POST /console/accounts",
    "POST /console/accounts/<uuid:account_id>/note",
    "POST /console/clients/<client_id>",
    "POST /console/keys",
    "POST /console/break-glass",
}
"""Searching, saved views, a note, taking one's own request back, and ending an emergency: nothing here is dangerous."""

_FILLED = {
    "<client_id>": "demo-gongjijin",
    "<int:number>": "1",
    "<name>": "logo.svg",
    "<kind>": "suspended",
}


def _path(route):
    """Return an address of a route, of things that are not there but for a client."""
    path = route.split()[1]
    for name, value in _FILLED.items():
        path = path.replace(name, value)
    return "/".join(str(UUID(int=7)) if part.startswith("<uuid:") else part for part in path.split("/"))


def _ask(browser, route, token):
    if route.startswith("GET"):
        return browser.get(_path(route), follow=False)
    return browser.post(_path(route), {"csrf_token": token}, follow=False)


def _token(browser):
    return dict(browser.get("/console").form(fields=["csrf_token"]).successful(None))["csrf_token"]


def test_the_table_names_every_route(console_app):
    routes = {
        f"{method} {rule.rule}"
        for rule in console_app.url_map.iter_rules()
        if rule.endpoint.startswith("console.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == GUARDED.keys() | UNGUARDED


@pytest.mark.parametrize("power", list(Power))
def test_each_route_is_open_to_whom_the_table_says_and_to_nobody_else(at_console, power):
    browser = at_console(power, agency="tax-bureau" if power is Power.DELEGATE else None)
    token = _token(browser)
    answers = {route: _ask(browser, route, token).status for route in GUARDED}
    opened = {route for route, status in answers.items() if status != 403}
    assert opened == {route for route, powers in GUARDED.items() if power.value in powers.split()}
    assert {route for route, status in answers.items() if status >= 500} == set()


def test_every_route_asks_a_stranger_to_sign_in_and_refuses_a_former_officer(at_console, new_console_browser, services):
    stranger = new_console_browser()
    token = _token(stranger)
    led_to = {route: _ask(stranger, route, token).headers.get("Location", "") for route in GUARDED}
    assert {route for route, address in led_to.items() if not address.startswith("/login")} == set()
    former = at_console()
    token = _token(former)
    (holder,) = services.staff.holders()
    services.staff.end(holder.person_id, actor="system", reason="left")
    assert {route for route in GUARDED if _ask(former, route, token).status != 403} == set()


def test_every_change_but_the_harmless_wants_a_sign_in_of_the_last_five_minutes(at_console, clock):
    for power in Power:
        browser = at_console(power, agency="tax-bureau" if power is Power.DELEGATE else None)
        token = _token(browser)
        clock.advance(minutes=5, seconds=1)
        mine = [route for route, powers in GUARDED.items() if power.value in powers.split() and route[:4] == "POST"]
        answers = {route: _ask(browser, route, token).headers.get("Location", "") for route in mine}
        assert {route for route, address in answers.items() if not address.startswith("/login")} == NOT_FRESH & {*mine}


def test_no_change_is_made_for_another_site_or_with_another_browsers_token(at_console, clock):
    browser = at_console()
    clock.advance(seconds=30)
    stolen, own = _token(at_console()), _token(browser)
    posts = [route for route in GUARDED if route.startswith("POST")]
    for token in ("", stolen):
        assert {_ask(browser, route, token).title for route in posts} == {
            "This page was open for too long – Unified Identity Service"
        }
    for sent in ({"Origin": "http://localhost:8001"}, {"Origin": CONSOLE, "Sec-Fetch-Site": "same-site"}):
        answers = [
            browser.client.post(_path(route), base_url=CONSOLE, data={"csrf_token": own}, headers=sent)
            for route in posts
        ]
        assert {answer.status_code for answer in answers} == {403}
