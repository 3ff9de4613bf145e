"""What the plans for FAPI 2.0 ask of a provider beyond our own reading of it: what must be accepted, and which error is
given. ``docs/conformance.md`` says which module of the suite each test stands beside.
"""

import pytest

from tests.protocol.conftest import refused
from tests.support.dpop import DPoPKey
from tests.support.relying_party import claims_of
from tests.support.signing_party import key_for

# What is decided here is decided before any statement, or by statements that other tests run on both databases.
pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def notary(new_signing_party):
    return new_signing_party(
        "notary",
        policy={"profile": "fapi2", "message_signing": True},
        request_object_signing_alg="ES256",
        authorization_signed_response_alg="ES256",
    )


def answer_of(site, visitor, **changes):
    page = site.authorize(visitor.browser, **changes)
    page = visitor.browser.submit("consent-allow") if page.has("consent-allow") else page
    return page.answer


def tokens_of(site, visitor, **changes):
    response = site.redeem(answer_of(site, visitor, **changes)["code"])
    assert response.status_code == 200, response.text
    return response.get_json()


def test_state_and_nonce_may_be_left_out_or_long(bank, visitor):
    """FAPI2-SP-5.3.2.2-14-nonce."""
    assert "state" not in answer_of(bank, visitor, state=None)
    assert "nonce" not in claims_of(tokens_of(bank, visitor, nonce=None)["id_token"])
    for length in (64, 384):
        assert claims_of(tokens_of(bank, visitor, nonce="n" * length)["id_token"])["nonce"] == "n" * length
    assert answer_of(bank, visitor, state="s" * 384)["state"] == "s" * 384


def test_the_order_of_scopes_means_nothing(bank, visitor):
    """OIDC-CORE-3.1.2.1-openid-scope: openid need not be the first."""
    tokens = tokens_of(bank, visitor, scope="profile openid")
    assert set(tokens["scope"].split()) == {"openid", "profile"}
    assert claims_of(tokens["id_token"])["aud"] == "bank"


def test_claims_that_identify_may_be_asked_for_one_by_one(bank, visitor):
    """OIDC-CORE-5.5-claims-param."""
    claims = '{"userinfo":{"name":{"essential":true}},"id_token":{"name":null}}'
    tokens = tokens_of(bank, visitor, scope="openid", claims=claims)
    assert "name" in claims_of(tokens["id_token"])
    assert "name" in bank.userinfo(tokens["access_token"]).get_json()


def test_the_scheme_is_read_whatever_its_case(bank, visitor):
    """RFC9449-7.1-scheme: schemes of HTTP have no case (RFC 9110 §11.1), names of header fields neither."""
    token = tokens_of(bank, visitor)["access_token"]
    for scheme in ("DPoP", "dpop", "DPOP"):
        proof = bank.dpop_key.proof("GET", bank.issuer + "/userinfo", bank.clock.now(), token=token)
        headers = {"Authorization": f"{scheme} {token}", "DPOP": proof}
        answer = bank.app.test_client(use_cookies=False).get("/userinfo", base_url=bank.issuer, headers=headers)
        assert answer.status_code == 200, scheme


@pytest.mark.parametrize("shift", [-10, 9])
def test_a_proof_may_be_ten_seconds_old_or_early(bank, visitor, shift):
    """RFC9449-4.3-checks, FAPI2-SP-5.3.2.1-13-clock; members of no meaning, nbf and exp among them, change nothing."""
    code = answer_of(bank, visitor)["code"]
    key = bank.dpop_key
    more = {"nbf": bank.now, "exp": bank.now + 300, "x": 1}

    class Shifted(DPoPKey):
        def proof(self, *args, **options):
            return key.proof(*args, **{**options, "iat": bank.now + shift, **more})

    bank.dpop_key = Shifted()
    tokens = bank.redeem(code).get_json()
    assert tokens["token_type"] == "DPoP"
    assert bank.userinfo(tokens["access_token"]).status_code == 200


def test_a_proof_of_an_hour_ago_or_ahead_is_refused_at_a_resource(bank, visitor):
    """RFC9449-11.1-replay."""
    token = tokens_of(bank, visitor)["access_token"]
    for shift in (-3600, 3600):
        proof = bank.dpop_key.proof(
            "GET", bank.issuer + "/userinfo", bank.clock.now(), token=token, iat=bank.now + shift
        )
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        answer = bank.app.test_client(use_cookies=False).get("/userinfo", base_url=bank.issuer, headers=headers)
        assert refused(answer, "invalid_dpop_proof", 401)


def test_a_code_redeemed_by_another_client_is_refused(bank, new_signing_party, visitor):
    """OIDC-CORE-3.1.3.2-code-bound: whichever of the two the request names."""
    other = new_signing_party("other-bank", policy={"profile": "fapi2"})
    code = answer_of(bank, visitor)["code"]
    verifier = bank.verifier
    assert refused(other.redeem(code, code_verifier=verifier), "invalid_grant")
    mixed = bank.redeem(code, client_id="other-bank")
    assert refused(mixed, "invalid_client", 401), "the assertion is the first client's"
    assert refused(bank.redeem(code, client_assertion=other.assertion()), "invalid_grant")
    assert bank.redeem(code).status_code == 200, "and its own client may still have it"


def test_a_reused_code_takes_its_tokens_along(bank, visitor, clock):
    """FAPI2-SP-5.3.2.2-9-once: after a second as after half a minute."""
    for pause in (1, 30):
        code = answer_of(bank, visitor)["code"]
        tokens = bank.redeem(code).get_json()
        clock.advance(pause)
        assert refused(bank.redeem(code), "invalid_grant")
        assert bank.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("verifier", [None, "v" * 43, "short", "x" * 129])
def test_a_code_needs_its_verifier(bank, visitor, verifier):
    """RFC9700-2.1.1-pkce-downgrade, RFC9700-4.8.2, RFC7636-4.1-verifier."""
    code = answer_of(bank, visitor)["code"]
    assert refused(bank.redeem(code, code_verifier=verifier), "invalid_grant")


def test_a_person_who_declines_is_no_error_of_ours(bank, visitor):
    """OIDC-CORE-3.1.2.4-consent."""
    bank.authorize(visitor.browser)
    answer = visitor.browser.submit("consent-deny").answer
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", bank.state, bank.issuer)


def test_a_reference_may_be_opened_again_until_it_was_answered(bank, visitor):
    """RFC9126-4-bound-once, DEC-10-par-reuse."""
    reference = bank.push().get_json()["request_uri"]
    bank.open(visitor.browser, reference)
    bank.open(visitor.browser, reference)
    assert "code" in visitor.browser.submit("consent-allow").answer
    page = bank.open(visitor.browser, reference)
    assert (page.status, page.left_to) == (400, "")


def test_a_reference_of_another_client_is_refused_on_a_page(bank, new_signing_party, visitor):
    """RFC9126-4-bound-once: there is no address that could be trusted with the error."""
    other = new_signing_party("other-bank", policy={"profile": "fapi2"})
    reference = bank.push().get_json()["request_uri"]
    page = visitor.browser.get("/authorize", client_id=other.client_id, request_uri=reference)
    assert (page.status, page.left_to) == (400, "")


def test_only_the_reference_need_be_sent(bank, visitor):
    """RFC9126-4-bound-once, RFC 9101 §5: client_id and request_uri are the whole request."""
    response = bank.push()
    page = visitor.browser.get("/authorize", client_id="bank", request_uri=response.get_json()["request_uri"])
    assert page.has("consent-allow")


def test_what_is_pushed_holds_no_reference_itself(notary):
    """RFC9126-2.1-auth-validate: neither beside the object nor in it."""
    reference = "urn:ietf:params:oauth:request_uri:x"
    assert refused(notary.post("/par", request_uri=reference), "invalid_request")
    inside = notary.request_object({"request_uri": reference}, response_mode="jwt")
    assert refused(notary.post("/par", request=inside), "invalid_request_object")


def test_only_what_is_signed_counts(notary, visitor):
    """RFC9101-4-object: state and nonce beside the object are not looked at, and do not stand in for missing ones."""
    signed = notary.request_object({"state": None}, response_mode="jwt")
    response = notary.post("/par", request=signed, state="outside", nonce="outside")
    assert response.status_code == 201
    notary.open(visitor.browser, response.get_json()["request_uri"])
    answer = notary.read_response(visitor.browser.submit("consent-allow").answer["response"])
    assert "state" not in answer
    tokens = notary.redeem(answer["code"]).get_json()
    assert claims_of(tokens["id_token"])["nonce"] == notary.nonce


@pytest.mark.parametrize("claims", [{"redirect_uri": None}, {"redirect_uri": "https://evil.example/cb"}])
def test_the_address_stands_inside_what_is_signed(notary, claims):
    """FAPI2-SP-5.3.2.2-6-redirect-in-par."""
    signed = notary.request_object(claims, response_mode="jwt")
    assert refused(notary.post("/par", request=signed, redirect_uri=notary.redirect_uri), "invalid_request")


def test_a_signed_request_may_name_several_audiences(notary):
    """FAPI2-MS-5.3.1-signed-request: unlike a client assertion."""
    signed = notary.request_object({"aud": ["https://other.example", notary.issuer]}, response_mode="jwt")
    assert notary.post("/par", request=signed).status_code == 201


def test_a_request_signed_by_another_client_is_refused(notary, new_signing_party):
    """RFC9101-6.2-signature: the key must be this client's."""
    new_signing_party("other-bank", policy={"profile": "fapi2"}, jwks={"keys": [_public("other")]})
    signed = notary.request_object(owner="other", response_mode="jwt")
    assert refused(notary.post("/par", request=signed), "invalid_request_object")


def _public(owner):
    return key_for("ES256", owner).as_dict(private=False)
