"""A deployment that is not for development: its own registrations only, https cookies, headers on every route (rules O1
and O3, ASVS 3.3 and 3.4).
"""

from urllib.parse import urlencode

import pytest
from sqlalchemy import insert, select, update

from idp.factors.assurance import VerifiedFactor
from idp.registry.digests import digest_of
from idp.registry.models import ClientRow, ClientVersion
from idp.sessions.values import Browser as From
from idp.staff.models import Approval, ChangeRequest
from idp.web.shared.guards import GUARD
from tests.factories.registrations import registration_of
from tests.protocol.conftest import refused
from tests.staff.conftest import new_officer, officer
from tests.support.relying_party import RelyingParty

__all__ = ["new_officer", "officer"]

pytestmark = pytest.mark.only_on("sqlite")

CALLBACK = "https://tax.example.cn/callback"
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def issuer():
    return "https://id.example.cn"


@pytest.fixture
def setting_changes():
    return {"IDP_ENVIRONMENT": "sandbox"}


@pytest.fixture
def draft(app, issuer, services):
    """The tax site, applied for and not approved yet."""
    outcome = services.registry.apply(
        registration_of(
            redirect_uris=[CALLBACK],
            post_logout_redirect_uris=None,
            backchannel_logout_uri=None,
            policy={"environment": "sandbox"},
        ),
        actor="command:test",
    )
    assert not getattr(outcome, "problems", ())
    secret = outcome.new_secret.reveal() if outcome.new_secret else None
    return RelyingParty(app, issuer, "tax", secret, CALLBACK)


@pytest.fixture
def tax(draft, services):
    services.registry.approve("tax", actor="command:other")
    if draft.client_secret is None:
        draft.client_secret = services.registry.rotate_secret("tax", actor="command:test").secret.reveal()
    return draft


@pytest.fixture
def person(services, account_factory, new_browser):
    """A citizen's browser with a live session."""
    account_id = account_factory().account_id
    now = services.clock.now()
    factors = [VerifiedFactor("password", now)]
    opened = services.sessions.open(account_id, factors, services.entropy.uuid7(), From())
    browser = new_browser()
    browser.set_cookie("__Host-idp_session", opened.cookie)
    return browser


def is_refused(page):
    return (page.status, page.left_to) == (400, "")


def test_a_client_that_nobody_has_approved_is_unknown(draft, person):
    """RFC9700-4.11.2, DEC-1-client-policy; rule O3: even an error goes to nobody who has not been checked."""
    assert is_refused(draft.authorize(person))
    assert is_refused(draft.authorize(person, prompt="none", scope="nonsense"))
    draft.client_secret = draft.client_secret or "x"
    assert refused(draft.token(grant_type="client_credentials"), "invalid_client", 401)


def test_an_approved_client_works(tax, person):
    page = tax.authorize(person)
    assert page.has("consent-allow")
    page = person.submit("consent-allow")
    assert page.left_to.startswith(CALLBACK + "?")
    assert page.answer["iss"] == "https://id.example.cn"
    assert tax.redeem(page.answer["code"]).status_code == 200


@pytest.mark.parametrize("made_for", ["development", "production"])
def test_a_client_made_for_another_deployment_is_refused(tax, person, services, officer, made_for):
    """Rule O1: even if its rows were copied here, with the approvals that production cannot be without."""
    with services.database.transaction() as connection:
        content = connection.scalar(select(ClientVersion.content))
        content["policy"]["environment"] = made_for
        digest, author = digest_of(content), officer()
        request_id, row = services.entropy.uuid7(), {"target": "tax", "subject_digest": digest}
        now = services.clock.now()
        connection.execute(
            insert(ChangeRequest),
            row
            | {"id": request_id, "kind": "client.publish", "author_id": author.person_id, "content": {}}
            | {"content_digest": digest, "reason": "copied", "approvals_needed": 2, "state": "applied"}
            | {"created_at": now, "expires_at": now},
        )
        for slot in (1, 2):
            connection.execute(
                insert(Approval),
                row
                | {"request_id": request_id, "slot": slot, "after_slot": slot - 1 or None}
                | {"author_id": author.person_id, "content_digest": digest}
                | {"approver_id": officer().person_id, "approved_at": now},
            )
        copied = {"content": content, "content_digest": digest, "change_request_id": request_id, "approvals": 2}
        connection.execute(update(ClientVersion).values(**copied))
        connection.execute(update(ClientRow).values(environment=made_for))
    services.registry.rotate_secret("tax", actor="command:test")
    assert is_refused(tax.authorize(person))
    assert refused(tax.token(grant_type="client_credentials"), "invalid_client", 401)


def test_a_demonstration_client_is_refused(tax, person, services):
    """Rule O1: seeded registrations are marked, and good for development only."""
    with services.database.transaction() as connection:
        connection.execute(update(ClientRow).values(is_demonstration=True))
    services.registry.rotate_secret("tax", actor="command:test")
    assert is_refused(tax.authorize(person))


def test_cookies_are_bound_to_this_host_and_to_https(tax, browser):
    """NIST-63B-5.1.1-cookies, ASVS-3.3.1."""
    page = browser.get("/authorize?" + urlencode(tax.authorization_parameters()), follow=False)
    cookies = page.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-idp_")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
        assert "Domain" not in cookie


def test_every_route_carries_the_headers(app, client, issuer, person):
    """ASVS-3.4.1 to ASVS-3.4.6, RFC9700-4.16-clickjacking, FAPI2-SP-5.2.3-browser."""
    pages = [rule.rule.replace("<name>", "nowhere.css") for rule in app.url_map.iter_rules() if "GET" in rule.methods]
    machines = ["/token", "/userinfo", "/introspect", "/revoke", "/jwks.json", "/.well-known/openid-configuration"]
    cookie = {"Cookie": f"__Host-idp_session={person.cookie('idp_session')}"}
    for path in [*pages, *machines, "/nowhere"]:
        for headers in ({}, cookie):
            answer = client.get(path, base_url=issuer, headers=headers)
            assert answer.status_code < 500 or path == "/readyz", path
            told = {name: answer.headers.get(name) for name in EVERYWHERE}
            assert told == EVERYWHERE, path
            assert len(answer.headers.getlist("X-Content-Type-Options")) == 1
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
            assert "unsafe" not in answer.headers["Content-Security-Policy"], path
            assert "Server" not in answer.headers
            if answer.mimetype == "text/html" and not path.startswith("/assets"):
                assert answer.headers["Cache-Control"] == "no-store", path
            if path not in machines:
                assert "Access-Control-Allow-Origin" not in answer.headers, path


def test_every_view_declares_who_may_call_it(app):
    """ASVS-8.1.1: a view without a guard is a mistake; files of ours need none."""
    views = {name: view for name, view in app.view_functions.items() if name != "assets"}
    assert {name for name, view in views.items() if getattr(view, GUARD, None) not in {"public", "signed_in"}} == set()
