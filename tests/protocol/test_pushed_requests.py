"""Pushed authorization requests (RFC 9126): who may push what, and what a reference is good for."""

import hashlib
import re
from functools import partial

import pytest
from sqlalchemy import select

from tests.protocol.conftest import refused
from tests.support.racing import together
from tests.support.statements import watched

URN = re.compile(r"urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}")


def pushed(site, **changes):
    """Push a request of a site that has a secret, or is public, and return its reference."""
    response = site.post("/par", **site.authorization_parameters(**changes))
    assert response.status_code == 201, response.text
    return response.get_json()["request_uri"]


def opened(site, browser, reference, **others):
    return browser.get("/authorize", client_id=site.client_id, request_uri=reference, **others)


def is_dead(page):
    """Tell whether a reference is refused on a page of ours."""
    return page.status == 400 and not page.left_to and "invalid_request_uri" in page.source


def test_a_pushed_request_is_answered_with_a_reference_that_leads_to_tokens(tax, visitor):
    """RFC9126-2.2-response."""
    response = tax.post("/par", **tax.authorization_parameters())
    assert response.status_code == 201
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert set(body) == {"request_uri", "expires_in"}
    assert body["expires_in"] == 90
    assert URN.fullmatch(body["request_uri"])
    assert pushed(tax) != pushed(tax), "every push has a reference of its own"
    reference = pushed(tax)
    opened(tax, visitor.browser, reference)
    answer = visitor.browser.submit("consent-allow").answer
    assert answer["state"] == tax.state
    assert tax.redeem(answer["code"]).status_code == 200


class TestTooManyPushes:
    """In a deployment that takes three a minute."""

    @pytest.fixture
    def setting_changes(self):
        return {"IDP_PUSHED_REQUESTS_PER_MINUTE": "3"}

    @pytest.mark.only_on("sqlite")
    def test_a_client_that_pushes_too_often_must_wait(self, tax, welfare, clock):
        """RFC9126-2.3-errors: 429, for this client alone and for this minute."""
        for _ in range(3):
            pushed(tax)
        response = tax.post("/par", **tax.authorization_parameters())
        assert refused(response, "temporarily_unavailable", 429)
        assert 1 <= int(response.headers["Retry-After"]) <= 60
        pushed(welfare)
        clock.advance(60)
        pushed(tax)


def test_only_what_was_pushed_counts(tax, visitor):
    """RFC9126-4-bound-once: other parameters at the authorization endpoint cannot override."""
    visitor.visit(tax)
    reference = pushed(tax, scope="openid")
    page = opened(
        tax,
        visitor.browser,
        reference,
        scope="openid profile email",
        redirect_uri="https://evil.example/",
        state="other",
        response_type="token",
        response_mode="form_post",
        prompt="none login",
        code_challenge="x",
    )
    assert page.left_to.startswith(tax.redirect_uri + "?")
    assert page.answer["state"] == tax.state
    assert tax.redeem(page.answer["code"]).get_json()["scope"] == "openid"


def test_whoever_pushes_must_prove_who_they_are(tax, welfare, new_relying_party):
    """RFC9126-2.1-auth-validate."""
    parameters = tax.authorization_parameters()
    client = tax._client  # noqa: SLF001 - a request without any credentials
    bare = client.post("/par", base_url="http://localhost:8000", data=parameters)
    assert refused(bare, "invalid_client", 401)
    tax.client_secret = "wrong"
    answer = tax.post("/par", **parameters)
    assert refused(answer, "invalid_client", 401)
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert welfare.post("/par", **parameters).status_code == 400, "the client_id is another client's"
    assert refused(new_relying_party("nobody").post("/par", client_id="tax"), "invalid_request")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"scope": "openid magic"}, None),
        ({"scope": None}, "invalid_scope"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request_uri": "https://evil.example/r"}, "invalid_request"),
        ({"request": "a.b.c"}, "invalid_request_object"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"id_token_hint": "x.y.z"}, "invalid_request"),
    ],
)
@pytest.mark.only_on("sqlite")
def test_what_is_wrong_is_said_at_the_push(tax, change, error):
    """RFC9126-2.1-auth-validate, RFC9126-2.3-errors: JSON, never a redirect."""
    response = tax.post("/par", **tax.authorization_parameters(**change))
    assert "Location" not in response.headers
    assert response.status_code == 201 if error is None else refused(response, error)


@pytest.mark.only_on("sqlite")
def test_other_methods_and_oversized_requests_are_refused(tax, client, issuer):
    """RFC9126-2.3-errors."""
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        answer = client.open("/par", method=method, base_url=issuer)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "POST"
    assert refused(tax.post("/par", **tax.authorization_parameters(x="y" * 2**20)), "invalid_request", 413)
    body = "client_id=tax&scope=openid&scope=profile"
    twice = client.post("/par", base_url=issuer, data=body, content_type="application/x-www-form-urlencoded")
    assert refused(twice, "invalid_request")
    assert client.post("/par", base_url=issuer, json={"client_id": "tax"}).status_code == 400


def test_a_reference_is_of_no_use_to_another_client_or_when_changed(tax, welfare, visitor):
    """RFC9126-4-bound-once."""
    visitor.visit(tax)
    visitor.visit(welfare)
    reference = pushed(tax)
    assert is_dead(opened(welfare, visitor.browser, reference))
    for wrong in (reference[:-1], reference + "x", reference.removesuffix(reference[-43:]), reference + "x" * 9000):
        assert is_dead(opened(tax, visitor.browser, wrong))
    page = opened(tax, visitor.browser, reference, request="a.b.c")
    assert page.status == 400
    assert visitor.browser.get("/authorize", request_uri=reference).status == 400, "the client_id is needed"
    assert "code" in opened(tax, visitor.browser, reference).answer, "none of that used it up"


def test_a_reference_can_be_opened_for_ninety_seconds(tax, visitor, clock):
    """RFC9126-4-bound-once, FAPI2-SP-5.3.2.2-12-expiry-600."""
    visitor.visit(tax)
    late, just = pushed(tax), pushed(tax)
    clock.advance(89)
    assert "code" in opened(tax, visitor.browser, just).answer
    clock.advance(1)
    assert is_dead(opened(tax, visitor.browser, late))


def test_once_opened_the_person_has_time_to_sign_in(tax, browser, citizen, clock):
    """DEC-10-par-reuse: the page is reloaded, the person looks for their password, the answer still arrives."""
    reference = pushed(tax)
    assert opened(tax, browser, reference).has("login-submit")
    assert opened(tax, browser, reference).has("login-submit"), "loading the page did not use it up"
    clock.advance(600)
    page = browser.sign_in(citizen.username, citizen.password)
    assert page.has("consent-allow")
    clock.advance(600)
    answer = browser.submit("consent-allow").answer
    assert answer["state"] == tax.state
    assert tax.redeem(answer["code"]).status_code == 200
    assert is_dead(opened(tax, browser, reference))


def test_a_reference_is_used_up_when_the_authorization_is_granted(tax, visitor):
    """RFC9126-4-bound-once."""
    visitor.visit(tax)
    reference = pushed(tax)
    assert "code" in opened(tax, visitor.browser, reference).answer
    assert is_dead(opened(tax, visitor.browser, reference))


def test_a_reference_is_used_up_when_the_authorization_is_refused(tax, visitor, browser):
    """DEC-10-par-reuse."""
    denied, silent = pushed(tax), pushed(tax, prompt="none")
    assert opened(tax, visitor.browser, denied).has("consent-deny")
    assert visitor.browser.submit("consent-deny").answer["error"] == "access_denied"
    assert is_dead(opened(tax, visitor.browser, denied))
    assert opened(tax, browser, silent).answer["error"] == "login_required"
    assert is_dead(opened(tax, browser, silent))


def test_of_two_answers_at_once_only_one_is_given(tax, visitor_of, citizen):
    """RFC9126-4-bound-once: one-time means once, also in a race."""
    first, second = visitor_of(citizen), visitor_of(citizen)
    first.visit(tax)
    second.visit(tax)
    for _ in range(5):
        reference = pushed(tax)
        pages = together([partial(opened, tax, who.browser, reference) for who in (first, second)])
        assert sum("code" in page.answer for page in pages) == 1
        others = [page for page in pages if "code" not in page.answer]
        assert all(is_dead(page) or page.answer.get("error") == "invalid_request_uri" for page in others)


def test_a_client_may_be_registered_to_push_everything(new_relying_party, visitor):
    """RFC9126-6-client-flag."""
    site = new_relying_party("careful", require_pushed_authorization_requests=True)
    page = site.authorize(visitor.browser)
    assert page.left_to.startswith(site.redirect_uri)
    assert page.answer["error"] == "invalid_request"
    assert page.answer["state"] == site.state
    assert site.authorize(visitor.browser, redirect_uri="https://evil.example/").status == 400
    assert opened(site, visitor.browser, pushed(site)).has("consent-allow")


@pytest.mark.only_on("sqlite")
def test_a_public_client_pushes_too(new_relying_party, visitor):
    """RFC 9126 §2: the token endpoint's way to authenticate, which for a public client is its client_id."""
    app = new_relying_party("app", token_endpoint_auth_method="none")
    opened(app, visitor.browser, pushed(app))
    assert app.redeem(visitor.browser.submit("consent-allow").answer["code"]).status_code == 200


@pytest.mark.only_on("sqlite")
def test_no_other_address_is_ever_fetched(tax, visitor, serve_site):
    """RFC9101-10-request-uri-fetch."""
    calls = []

    def listener(environ, start_response):
        calls.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b""]

    site = serve_site(listener)
    for uri in (f"http://localhost:{site.port}/r", "https://tax.gov.example/r", "file:///etc/passwd", "urn:x"):
        page = tax.authorize(visitor.browser, request_uri=uri)
        assert page.answer["error"] == "request_uri_not_supported"
        assert page.answer["state"] == tax.state
    assert tax.authorize(visitor.browser, request_uri="https://x.example/", redirect_uri=None).status == 400
    assert calls == []


def test_personal_data_in_a_pushed_request_cannot_be_read_from_the_database(tax, services):
    """ASVS-14.2.4: a login_hint is a phone number more often than not."""
    from idp.protocol.artefacts.pushed_request import PushedRequestRow

    reference = pushed(tax, login_hint="13800000000")
    with services.database.read() as connection:
        row = connection.execute(select(PushedRequestRow.__table__)).one()
    assert "13800000000" not in str(tuple(row))
    assert reference[-43:] not in str(tuple(row))


def test_old_requests_are_purged(tax, services, clock):
    """ASVS-14.2.7."""
    from idp.jobs.purge import EXPIRED, purge

    reference = pushed(tax)
    clock.advance(90)
    assert purge(services.database, clock.now(), EXPIRED) == 0, "it may have been opened"
    clock.advance(7300)
    assert purge(services.database, clock.now(), EXPIRED) == 1
    assert services.protocol is not None
    assert reference


@pytest.mark.only_on("sqlite")
def test_a_long_request_fits_when_it_is_pushed(tax, browser):
    """What is too long for an interaction's address is not, once it was pushed (RFC 9126 §1)."""
    long = "".join(hashlib.sha512(bytes([number])).hexdigest() for number in range(56))
    claims = f'{{"userinfo":{{"name":{{"value":"{long}"}}}}}}'
    state = "".join(hashlib.sha512(f"{number}".encode()).hexdigest() for number in range(16))
    assert tax.authorize(browser, claims=claims, state=state).status == 400
    page = opened(tax, browser, pushed(tax, claims=claims, state=state))
    assert page.has("login-submit"), page.text


def test_discovery_tells_where_to_push(client, issuer):
    """RFC9126-5-metadata."""
    metadata = client.get("/.well-known/openid-configuration", base_url=issuer).get_json()
    assert metadata["pushed_authorization_request_endpoint"] == f"{issuer}/par"
    assert metadata["require_pushed_authorization_requests"] is False


def test_a_push_is_one_insert_and_its_authorization_two_selects_and_one_write(tax, visitor, services):
    """Few round trips: the push waits for no disk, the claim does, so that one-time means once after a crash too. The
    code is stored by the claim (decision 0008).
    """
    visitor.visit(tax)
    with watched(services.database) as seen:
        reference = pushed(tax)
    assert (seen.kinds, seen.commits) == (["INSERT"], 0)
    with watched(services.database) as seen:
        assert "code" in opened(tax, visitor.browser, reference).answer
    write, commits = (["WITH"], 0) if services.database.dialect == "postgresql" else (["UPDATE", "INSERT"], 1)
    assert (seen.kinds, seen.commits) == (["SELECT", "SELECT", *write], commits)
    with watched(services.database) as seen:
        assert tax.post("/par", scope="openid").status_code == 400
    assert seen.kinds == [], "what is refused is not stored"
