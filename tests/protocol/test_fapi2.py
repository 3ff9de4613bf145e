"""The client profile fapi2: FAPI 2.0 Security Profile (final) and, per client, Message Signing (final)."""

import pytest

from tests.protocol.conftest import refused
from tests.support.dpop import DPoPKey
from tests.support.signing_party import ASSERTION_TYPE


@pytest.fixture
def notary(new_signing_party):
    """A site that signs its messages and wants ours signed."""
    return new_signing_party(
        "notary",
        policy={"profile": "fapi2", "message_signing": True},
        request_object_signing_alg="ES256",
        authorization_signed_response_alg="ES256",
    )


def code_of(site, visitor, **changes):
    """Take a visitor through pushed authorization and consent."""
    page = site.authorize(visitor.browser, **changes)
    page = visitor.browser.submit("consent-allow") if page.has("consent-allow") else page
    return page.answer["code"]


def push_signed(notary, claims=None, **options):
    return notary.post("/par", request=notary.request_object(claims, response_mode="jwt", **options))


def test_the_whole_flow(bank, visitor, issuer):
    """FAPI2-SP-5.3.2.2-1-code, FAPI2-SP-5.3.2.2-7-iss, FAPI2-SP-5.3.2.2-10-no-307, FAPI2-SP-5.3.2.2-14-nonce."""
    bank.authorize(visitor.browser, nonce="n" * 64)
    page = visitor.browser.submit("consent-allow")
    assert page.status == 303
    assert page.answer["iss"] == issuer
    response = bank.redeem(page.answer["code"])
    assert response.status_code == 200, response.text


def test_tokens_are_bound_or_not_given(bank, visitor):
    """FAPI2-SP-5.3.2.1-4-bound, FAPI2-SP-5.3.2.1-5-method, FAPI2-SP-5.3.4-rs."""
    code = code_of(bank, visitor)
    key, bank.dpop_key = bank.dpop_key, None
    assert refused(bank.redeem(code), "invalid_dpop_proof")
    bank.dpop_key = key
    tokens = bank.redeem(code).get_json()
    assert tokens["token_type"] == "DPoP"
    assert bank.userinfo(tokens["access_token"]).status_code == 200
    bank.dpop_key = None
    assert bank.userinfo(tokens["access_token"]).status_code == 401, "it is no bearer token"


def test_a_code_belongs_to_the_key_that_was_pushed_with_it(bank, visitor):
    """FAPI2-SP-5.3.2.1-12-dpop-jkt: by parameter or by header; another key gets nothing, and the code is burnt."""
    own, other = bank.dpop_key, DPoPKey()
    for change in ({"dpop_jkt": own.thumbprint}, {}):
        bank.proves_pushes = not change
        code = code_of(bank, visitor, **change)
        bank.dpop_key = other
        assert refused(bank.redeem(code), "invalid_grant"), change
        bank.dpop_key = own
        assert refused(bank.redeem(code), "invalid_grant"), "it is burnt"


def test_a_signed_request_belongs_to_the_key_that_was_shown_with_it(notary, visitor):
    """RFC 9449 §10.1: also where everything else stands inside a request object; two keys are none."""
    own, other = notary.dpop_key, DPoPKey()
    notary.proves_pushes = True
    assert refused(push_signed(notary, dpop_jkt=other.thumbprint), "invalid_dpop_proof")
    notary.open(visitor.browser, push_signed(notary).get_json()["request_uri"])
    code = notary.read_response(visitor.browser.submit("consent-allow").answer["response"])["code"]
    notary.dpop_key = other
    assert refused(notary.redeem(code), "invalid_grant")
    notary.dpop_key = own
    assert refused(notary.redeem(code), "invalid_grant"), "it is burnt"


@pytest.mark.only_on("sqlite")
def test_a_bad_request_leads_nowhere(bank, visitor):
    """FAPI2-SP-5.3.2.1-7-open-redirector: what was not pushed by a client goes to none of its addresses."""
    for address in ("https://evil.example/cb", bank.redirect_uri + "/more", bank.redirect_uri + "?x=1"):
        assert refused(bank.push(redirect_uri=address), "invalid_request"), address
        page = visitor.browser.get("/authorize", **bank.authorization_parameters(redirect_uri=address))
        assert (page.status, page.left_to) == (400, ""), address


@pytest.mark.only_on("sqlite")
def test_the_way_back_is_a_see_other(bank, new_browser, citizen):
    """FAPI2-SP-5.3.2.2-11-303, RFC9700-4.12-no-307: after a posted password, and after the person has agreed."""
    browser = new_browser()
    bank.authorize(browser)
    page = browser.submit("login-submit", follow=False, username=citizen.username, password=citizen.password)
    assert page.status == 303
    browser.get(page.headers["Location"])
    assert browser.submit("consent-allow", follow=False).status == 303


@pytest.mark.only_on("sqlite")
def test_a_token_says_no_more_than_was_asked(bank, visitor):
    """FAPI2-SP-5.3.2.1-14-least-privilege."""
    tokens = bank.redeem(code_of(bank, visitor, scope="openid")).get_json()
    assert tokens["scope"] == "openid"
    assert set(bank.userinfo(tokens["access_token"]).get_json()) == {"sub"}


@pytest.mark.only_on("sqlite")
def test_requests_come_by_push_only(bank, visitor):
    """FAPI2-SP-5.3.2.2-2-par, FAPI2-SP-5.3.2.2-3-par-only: neither plainly nor as a signed object by value."""
    page = visitor.browser.get("/authorize", **bank.authorization_parameters())
    assert page.left_to.startswith(bank.redirect_uri)
    assert page.answer["error"] == "invalid_request"
    page = visitor.browser.get("/authorize", client_id="bank", request=bank.request_object())
    assert (page.status, page.left_to) == (400, "")


@pytest.mark.only_on("sqlite")
def test_a_push_without_proof_is_refused(bank):
    """FAPI2-SP-5.3.2.2-4-par-auth, FAPI2-SP-5.3.2.1-6-client-auth."""
    nothing = {"client_assertion": None, "client_assertion_type": None}
    assert refused(bank.push(**nothing), "invalid_client", 401)
    assert refused(bank.push(**nothing, client_secret="x" * 43), "invalid_client", 401)
    assert refused(bank.push(client_assertion_type="other"), "invalid_client", 401)
    once = bank.assertion()
    assert bank.push(client_assertion=once).status_code == 201
    assert refused(bank.push(client_assertion=once), "invalid_client", 401), "an assertion is good once"
    both = bank.push(client_secret="x" * 43)
    assert both.status_code in {400, 401}


BAD_ASSERTIONS = [
    {"aud": ["http://localhost:8000"]},
    {"aud": "http://localhost:8000/token"},
    {"aud": "http://localhost:8000/par"},
    {"aud": "http://localhost:8000/"},
    {"aud": "https://evil.example"},
    {"aud": None},
    {"sub": None},
    {"iss": None},
    {"iss": "tax"},
    {"jti": None},
    {"exp": None},
    {"alg": "RS256"},
    {"owner": "thief"},
]


@pytest.mark.parametrize("change", BAD_ASSERTIONS)
@pytest.mark.parametrize("path", ["/par", "/token"])
@pytest.mark.only_on("sqlite")
def test_an_assertion_that_does_not_fit_is_refused(bank, change, path):
    """FAPI2-SP-5.3.2.1-8-aud, FAPI2-SP-5.4.1-alg."""
    fields = bank.authorization_parameters() if path == "/par" else {"grant_type": "refresh_token"}
    assertion = bank.assertion(**change)
    assert refused(bank.post(path, **fields, client_assertion=assertion), "invalid_client", 401)


@pytest.mark.only_on("sqlite")
def test_clocks_may_differ_by_a_few_seconds(bank):
    """FAPI2-SP-5.3.2.1-13-clock."""
    for name in ("iat", "nbf"):
        ahead = bank.assertion(**{name: bank.now + 8})
        assert bank.push(client_assertion=ahead).status_code == 201
        far = bank.assertion(**{name: bank.now + 61})
        assert refused(bank.push(client_assertion=far), "invalid_client", 401)
    assert refused(bank.push(client_assertion=bank.assertion(exp=bank.now - 300)), "invalid_client", 401)


@pytest.mark.only_on("sqlite")
def test_the_strong_algorithms_all_work(bank):
    """FAPI2-SP-5.4.1-alg."""
    for alg in ("ES256", "PS256", "EdDSA"):
        assert bank.push(client_assertion=bank.assertion(alg)).status_code == 201, alg
        assert bank.post("/par", request=bank.request_object(alg=alg)).status_code == 201, alg
    assert refused(bank.post("/par", request=bank.request_object(alg="RS256")), "invalid_request_object")


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"redirect_uri": None},
        {"redirect_uri": "http://localhost:8001/other"},
    ],
)
@pytest.mark.only_on("sqlite")
def test_pkce_and_redirect_uri_stand_in_the_push(bank, change):
    """FAPI2-SP-5.3.2.2-5-s256, FAPI2-SP-5.3.2.2-6-redirect-in-par."""
    assert refused(bank.push(**change), "invalid_request")


@pytest.mark.only_on("sqlite")
def test_there_is_no_flow_but_the_code_flow(bank):
    """FAPI2-SP-5.3.2.2-1-code, FAPI2-SP-5.3.2.1-2-no-ropc."""
    for kind in ("token", "code id_token", "id_token"):
        assert refused(bank.push(response_type=kind), "unsupported_response_type")
    assert refused(bank.token(grant_type="password", username="x", password="y"), "unsupported_grant_type")


class TestLongCodes:
    """In a deployment whose codes live longer than the profile admits."""

    @pytest.fixture
    def setting_changes(self):
        return {"IDP_CODE_LIFETIME_SECONDS": "600"}

    def test_a_code_is_good_for_a_minute(self, bank, tax, visitor, clock):
        """FAPI2-SP-5.3.2.1-11-code-60s, FAPI2-SP-5.3.2.2-9-once."""
        code = code_of(bank, visitor)
        clock.advance(59)
        assert bank.redeem(code).status_code == 200
        assert refused(bank.redeem(code), "invalid_grant")
        late = code_of(bank, visitor)
        usual = visitor.code(tax)
        clock.advance(61)
        assert refused(bank.redeem(late), "invalid_grant")
        assert tax.redeem(usual).status_code == 200


def test_refresh_tokens_stay_the_same(bank, tax, visitor, clock):
    """FAPI2-SP-5.3.2.1-9-no-rotation; other clients' rotate."""
    rotating = visitor.tokens(tax)["refresh_token"]
    assert tax.refresh(rotating).get_json()["refresh_token"] != rotating
    first = bank.redeem(code_of(bank, visitor, scope="openid offline_access")).get_json()["refresh_token"]
    for _ in range(3):
        clock.advance(3600)
        response = bank.refresh(first)
        assert response.status_code == 200, response.text
        assert response.get_json()["refresh_token"] == first
    assert refused(bank.refresh(first[:-8] + "A" * 8), "invalid_grant")
    assert bank.refresh(first).status_code == 200, "a forged one did no harm"
    bank.post("/revoke", token=first)
    assert refused(bank.refresh(first), "invalid_grant")


def test_an_unused_refresh_token_ends(bank, visitor, clock):
    """FAPI2-SP-5.3.2.1-9-no-rotation takes nothing from the idle limit (14 days)."""
    token = bank.redeem(code_of(bank, visitor, scope="openid offline_access")).get_json()["refresh_token"]
    for _ in range(2):
        clock.advance(13 * 86_400)
        assert bank.refresh(token).status_code == 200
    clock.advance(14 * 86_400)
    assert refused(bank.refresh(token), "invalid_grant")


def test_messages_are_signed_both_ways(notary, visitor):
    """FAPI2-MS-5.3.1-signed-request, FAPI2-MS-5.4-jarm."""
    response = push_signed(notary)
    assert response.status_code == 201, response.text
    notary.open(visitor.browser, response.get_json()["request_uri"])
    answer = visitor.browser.submit("consent-allow").answer
    assert answer.keys() == {"response"}, "no plain code beside it"
    claims = notary.read_response(answer["response"])
    assert claims["state"] == notary.state
    assert notary.redeem(claims["code"]).status_code == 200


@pytest.mark.only_on("sqlite")
def test_unsigned_requests_are_refused(notary):
    """FAPI2-MS-5.3.1-signed-request."""
    assert refused(notary.push(response_mode="jwt"), "invalid_request")


@pytest.mark.only_on("sqlite")
def test_plain_answers_are_refused(notary, visitor):
    """FAPI2-MS-5.4-jarm, and what is said about it is said signed."""
    for mode in (None, "query", "form_post"):
        request = notary.request_object(response_mode=mode)
        assert refused(notary.post("/par", request=request), "invalid_request"), mode
        page = visitor.browser.get("/authorize", **notary.authorization_parameters(response_mode=mode))
        assert page.answer.keys() == {"response"}
        assert notary.read_response(page.answer["response"])["error"] == "invalid_request"


BAD_TIMES = [
    {"exp": None},
    {"nbf": None},
    {"nbf": -3700, "exp": 60},
    {"exp": 3601},
    {"exp": -60},
    {"nbf": 61},
    {"iat": 61},
]


@pytest.mark.parametrize("times", BAD_TIMES)
@pytest.mark.only_on("sqlite")
def test_a_signed_request_lives_for_an_hour_at_most(notary, times):
    """FAPI2-MS-5.3.1-signed-request: ``nbf`` and ``exp`` are needed, from now."""
    claims = {name: None if shift is None else notary.now + shift for name, shift in times.items()}
    assert refused(push_signed(notary, claims), "invalid_request_object")
    soon = {"nbf": notary.now + 8, "exp": notary.now + 3600}
    assert push_signed(notary, soon).status_code == 201


@pytest.mark.only_on("sqlite")
def test_a_request_signed_wrongly_is_refused(notary):
    """FAPI2-MS-5.3.1-signed-request."""
    for options in ({"alg": "RS256"}, {"alg": "EdDSA"}, {"owner": "thief"}, {"claims": {"aud": "https://x.example"}}):
        assert refused(push_signed(notary, **options), "invalid_request_object"), options
    assertion = {"client_assertion": notary.assertion("RS256"), "client_assertion_type": ASSERTION_TYPE}
    assert refused(notary.post("/par", request=notary.request_object(), **assertion), "invalid_client", 401)


@pytest.mark.only_on("sqlite")
@pytest.mark.usefixtures("bank")
def test_pages_and_machine_answers_keep_the_browser_rules(client, issuer):
    """FAPI2-SP-5.2.3-browser: no CORS at the authorization endpoint."""
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    preflight = client.options("/authorize", base_url=issuer, headers=headers)
    assert "Access-Control-Allow-Origin" not in preflight.headers
    answer = client.post("/par", base_url=issuer, data={"client_id": "bank"}, headers=headers)
    assert "Access-Control-Allow-Origin" not in answer.headers
