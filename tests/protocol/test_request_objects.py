"""Signed request objects by value (RFC 9101): what they must be, and that only what stands inside counts."""

import json

import pytest
from joserfc import jws

from tests.protocol.conftest import refused
from tests.protocol.forgery import changed, unsigned
from tests.support.relying_party import claims_of
from tests.support.signing_party import jwks_of, key_for, signed


@pytest.fixture
def site(new_signing_party):
    """A site with keys, under the standard profile."""
    return new_signing_party("site")


def sent(site, browser, request, **outside):
    """Send a browser off with a request object and, beside it, what OpenID Connect wants to see there too."""
    beside = {"client_id": site.client_id, "redirect_uri": site.redirect_uri, "state": "outside"} | outside
    present = {name: value for name, value in beside.items() if value is not None}
    return browser.get("/authorize", request=request, **present)


def test_a_signed_request_leads_to_tokens(site, visitor):
    """RFC9101-4-object."""
    page = sent(site, visitor.browser, site.request_object(), redirect_uri=None, state=None)
    assert page.has("consent-allow")
    answer = visitor.browser.submit("consent-allow").answer
    assert answer["state"] == site.state
    assert claims_of(site.redeem(answer["code"]).get_json()["id_token"])["nonce"] == site.nonce


def test_only_what_stands_inside_counts(site, visitor):
    """RFC9101-5-params: state, nonce and scope outside are ignored, also where there are none inside."""
    visitor.visit(site)
    page = sent(site, visitor.browser, site.request_object(scope="openid"), scope="openid phone", nonce="outside")
    assert page.answer["state"] == site.state
    tokens = site.redeem(page.answer["code"]).get_json()
    assert tokens["scope"] == "openid"
    assert claims_of(tokens["id_token"])["nonce"] == site.nonce
    inside = site.request_object(state=None, nonce=None)
    page = sent(site, visitor.browser, inside, nonce="outside")
    assert "state" not in page.answer
    assert "nonce" not in claims_of(site.redeem(page.answer["code"]).get_json()["id_token"])
    for missing in ("redirect_uri", "response_type", "scope", "code_challenge"):
        page = sent(site, visitor.browser, site.request_object(**{missing: None}), **site.authorization_parameters())
        assert "code" not in page.answer, missing


def test_values_may_be_what_they_are_in_json(site, visitor):
    """RFC 9101 §4: numbers are JSON numbers, and the claims parameter is an object."""
    visitor.visit(site)
    inside = {"max_age": 3600, "claims": {"id_token": {"auth_time": {"essential": True}}}}
    page = sent(site, visitor.browser, site.request_object(inside))
    assert "auth_time" in claims_of(site.redeem(page.answer["code"]).get_json()["id_token"])
    for odd in ({"max_age": True}, {"max_age": 1.5}, {"state": "a\0b"}, {"nonce": False}):
        assert sent(site, visitor.browser, site.request_object(odd)).answer["error"] == "invalid_request_object"


def test_several_resources_are_an_array(new_signing_party, registration_factory, visitor):
    """RFC 8707 §2.1: one value is text, several are an array of texts."""
    land, water = "https://api.land.gov.example/records", "https://api.water.gov.example/"
    registration_factory("land", policy={"resource_identifiers": [land]})
    registration_factory("water", policy={"resource_identifiers": [water]})
    portal = new_signing_party("portal", jwks=jwks_of("ES256"), policy={"resources": [land, water]})
    for asked in (land, [land], [land, water]):
        request = portal.request_object({"resource": asked}, prompt="consent")
        assert sent(portal, visitor.browser, request).has("consent-allow"), asked
        code = visitor.browser.submit("consent-allow").answer["code"]
        assert claims_of(portal.redeem(code, resource=land).get_json()["access_token"])["aud"] == land
    for odd in ([land, "https://elsewhere.example/"], [land, 1], [[land]], {"a": land}, [f"{land}#fragment"]):
        page = sent(portal, visitor.browser, portal.request_object({"resource": odd}))
        assert page.answer["error"] == "invalid_target", odd


@pytest.mark.only_on("sqlite")
def test_a_registration_inside_is_no_more_offered_than_one_beside(site, visitor):
    """OpenID Connect Core §7.2.1: ignoring it would change the meaning."""
    inside = site.request_object({"registration": {"client_name": "Tax office"}})
    for beside in ({}, {"redirect_uri": None}):
        page = sent(site, visitor.browser, inside, **beside)
        assert page.answer["error"] == "registration_not_supported"
    assert refused(site.post("/par", request=inside), "registration_not_supported")


def written(site, member):
    """Return an object that is signed as it is written, past every library that would know better."""
    good = site.authorization_parameters() | {"iss": "site", "aud": site.issuer}
    payload = json.dumps(good)[:-1] + f", {member}}}"
    return jws.serialize_compact({"alg": "ES256", "kid": key_for("ES256").kid}, payload.encode(), key_for("ES256"))


@pytest.mark.only_on("sqlite")
def test_what_no_text_can_hold_is_refused_although_it_is_signed(site, visitor):
    """RFC 8259 §8.2 leaves half of a surrogate pair open; no answer, and no database, could hold it."""
    assert "code" in visitor.visit(site).answer
    for name in ("state", "nonce", "login_hint", "display", "foo\\ud800"):
        request = written(site, f'"{name}": "\\ud800"')
        assert sent(site, visitor.browser, request).answer["error"] == "invalid_request_object", name
        assert refused(site.post("/par", request=request), "invalid_request_object"), name
    assert "code" in sent(site, visitor.browser, written(site, '"display": "\\ud83d\\ude00"')).answer


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("depth", [300, 900, 1500, 4000])
def test_a_bottomless_parameter_is_refused_although_it_is_signed(site, visitor, depth):
    request = written(site, f'"claims": {"[" * depth}{"]" * depth}')
    assert sent(site, visitor.browser, request).answer["error"] == "invalid_request_object"
    assert refused(site.post("/par", request=request), "invalid_request_object")


BAD_CLAIMS = [
    {"aud": "https://other.example"},
    {"aud": "http://localhost:8000/authorize"},
    {"aud": ["https://other.example"]},
    {"aud": None},
    {"iss": "tax"},
    {"client_id": "tax"},
    {"client_id": None},
    {"client_id": ["site"]},
    {"sub": "site"},
    {"exp": 1},
    {"exp": "soon"},
    {"exp": True},
    {"exp": -1},
    {"exp": 10**30},
    {"nbf": 2**36},
    {"iat": 2**36},
    {"request": "a.b.c"},
    {"request_uri": "https://site.example/r"},
    {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
]


@pytest.mark.parametrize("claims", BAD_CLAIMS)
@pytest.mark.only_on("sqlite")
def test_an_object_that_does_not_fit_is_refused(site, visitor, claims):
    """RFC9101-5-params, RFC9101-6.2-signature, RFC9126-3-request-object."""
    page = sent(site, visitor.browser, site.request_object(claims))
    assert page.left_to.startswith(site.redirect_uri)
    assert page.answer["error"] == "invalid_request_object"
    assert page.answer["state"] == "outside"
    assert refused(site.post("/par", request=site.request_object(claims)), "invalid_request_object")
    elsewhere = sent(site, visitor.browser, site.request_object(claims), redirect_uri="https://evil.example/")
    assert (elsewhere.status, elsewhere.left_to) == (400, ""), "an error goes to registered addresses only"


@pytest.mark.only_on("sqlite")
def test_an_object_that_is_not_the_clients_is_refused(site, new_signing_party, visitor):
    """RFC9101-6.2-signature, RFC9101-6.3."""
    strict = new_signing_party("strict", request_object_signing_alg="ES256")
    good = site.request_object()
    head, body, signature = good.split(".")
    bad = [
        unsigned(good),
        changed(good, scope="openid phone"),
        changed(good, {"alg": "HS256"}),
        changed(good, {"alg": "none"}),
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{'A' * len(signature)}",
        f".{body}.{signature}",
        "a.b.c",
        "x" * 20_000,
        "{}",
        json.dumps(claims_of(good)),
        site.request_object(owner="thief"),
        site.request_object(header={"kid": "unknown"}),
        site.request_object(header={"jku": "https://evil.example/jwks"}),
        site.request_object(header={"typ": "dpop+jwt"}),
        site.request_object(header={"typ": "at+jwt"}),
        site.assertion(),
    ]
    for request in bad:
        page = sent(site, visitor.browser, request)
        assert page.answer.get("error") == "invalid_request_object", request[:200]
        assert refused(site.post("/par", request=request), "invalid_request_object"), request[:200]
    for alg in ("RS256", "PS256", "EdDSA"):
        page = sent(strict, visitor.browser, strict.request_object(alg=alg))
        assert page.answer["error"] == "invalid_request_object", f"{alg} for a client registered with ES256"
        assert sent(site, visitor.browser, site.request_object(alg=alg)).has("consent-allow"), alg
    assert sent(strict, visitor.browser, strict.request_object()).has("consent-allow")
    for typ in (None, "JWT", "oauth-authz-req+jwt"):
        assert sent(site, visitor.browser, site.request_object(header={"typ": typ})).has("consent-allow"), typ


@pytest.mark.only_on("sqlite")
def test_several_audiences_may_be_named_if_one_is_this_provider(site, visitor, issuer):
    """The conformance suite's "request object with multiple aud"."""
    several = site.request_object({"aud": ["https://other.example", issuer]})
    assert sent(site, visitor.browser, several).has("consent-allow")


def test_an_object_may_expire_while_its_person_signs_in(site, browser, citizen, clock):
    """It was good when the request began; every check runs again, as of then."""
    request = site.request_object()
    assert sent(site, browser, request).has("login-submit")
    clock.advance(400)
    assert browser.sign_in(citizen.username, citizen.password).has("consent-allow")
    assert "code" in browser.submit("consent-allow").answer
    assert sent(site, browser, request).answer["error"] == "invalid_request_object"


def test_a_pushed_object_is_opened_at_once(site, visitor):
    """RFC9126-3-request-object."""
    visitor.visit(site)
    response = site.post("/par", request=site.request_object(scope="openid"), scope="openid phone", state="outside")
    page = site.open(visitor.browser, response.get_json()["request_uri"])
    assert page.answer["state"] == site.state
    assert site.redeem(page.answer["code"]).get_json()["scope"] == "openid"


@pytest.mark.only_on("sqlite")
def test_a_pushed_object_must_be_the_authenticated_clients(site, new_signing_party):
    """RFC9126-3-request-object."""
    other = new_signing_party("other")
    assert refused(site.post("/par", request=other.request_object()), "invalid_request_object")
    assert site.post("/par", request=other.request_object(), client_id="other").status_code in {400, 401}


def test_a_client_may_be_registered_to_sign_everything(new_signing_party, visitor):
    """RFC 9101 §10.5 require_signed_request_object."""
    careful = new_signing_party("careful", require_signed_request_object=True)
    plain = visitor.browser.get("/authorize", **careful.authorization_parameters())
    assert plain.answer["error"] == "invalid_request"
    assert refused(careful.push(), "invalid_request")
    assert sent(careful, visitor.browser, careful.request_object()).has("consent-allow")
    reference = careful.post("/par", request=careful.request_object()).get_json()["request_uri"]
    assert careful.open(visitor.browser, reference).has("consent-allow")


@pytest.mark.only_on("sqlite")
def test_a_client_without_keys_cannot_sign(tax, visitor, issuer):
    """RFC9101-6.2-signature: with its secret neither."""
    claims = {"client_id": "tax", "iss": "tax", "aud": issuer, **tax.authorization_parameters()}
    assert tax.authorize(visitor.browser, request=signed(claims)).answer["error"] == "invalid_request_object"


@pytest.mark.only_on("sqlite")
def test_discovery_tells_what_may_sign_requests(client, issuer):
    """RFC9101-4-object."""
    metadata = client.get("/.well-known/openid-configuration", base_url=issuer).get_json()
    assert metadata["request_parameter_supported"] is True
    assert metadata["request_uri_parameter_supported"] is False
    assert set(metadata["request_object_signing_alg_values_supported"]) == {"ES256", "PS256", "EdDSA", "RS256"}
