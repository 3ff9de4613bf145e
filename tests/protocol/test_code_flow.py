"""The authorization code flow from the outside (OpenID Connect Core §3.1, RFC 6749 §4.1)."""

import pytest

from tests.protocol.conftest import refused
from tests.support.relying_party import claims_of


def test_tokens_carry_the_standard_claims(tax, visitor, services):
    """OIDC-CORE-2-idtoken-claims, OIDC-CORE-3.1.3.3-response, RFC9068-2.1-typ, RFC9068-2.2-claims."""
    code = visitor.code(tax)
    response = tax.redeem(code)
    tokens = response.get_json()

    assert response.headers["Cache-Control"] == "no-store"
    assert tokens["token_type"] == "Bearer"
    identity = services.keyring.verify(tokens["id_token"], typ="JWT")
    assert identity["iss"] == services.settings.issuer
    assert identity["aud"] == "tax"
    assert identity["nonce"] == tax.nonce
    assert identity["exp"] - identity["iat"] == 600
    assert {"sub", "sid", "at_hash", "auth_time", "acr", "amr"} <= identity.keys()
    access = services.keyring.verify(tokens["access_token"], typ="at+jwt")
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "auth_time", "acr", "scope"} <= access.keys()
    assert access["sub"] == identity["sub"]


@pytest.mark.parametrize("length", [64, 384])
def test_long_nonces_come_back_unchanged(tax, visitor, length):
    """OIDC-CORE-2-idtoken-claims, FAPI2-SP-5.3.2.2-14-nonce."""
    tokens = visitor.tokens(tax, nonce="n" * length)
    assert claims_of(tokens["id_token"])["nonce"] == "n" * length


def test_the_answer_names_the_issuer_and_keeps_the_state(tax, visitor, services):
    """RFC9207-2-iss."""
    answer = visitor.visit(tax).answer
    assert answer["iss"] == services.settings.issuer
    assert answer["state"] == tax.state


def test_a_second_visit_to_a_known_site_shows_no_page(tax, visitor):
    visitor.tokens(tax)
    assert "code" in tax.authorize(visitor.browser).answer


def test_a_code_is_redeemed_once_and_its_replay_ends_what_it_gave(tax, visitor):
    """OIDC-CORE-3.1.3.2-code-bound, ASVS-10.4.2."""
    code = visitor.code(tax)
    tokens = tax.redeem(code).get_json()
    assert refused(tax.redeem(code), "invalid_grant")
    assert tax.userinfo(tokens["access_token"]).status_code == 401
    assert refused(tax.refresh(tokens["refresh_token"]), "invalid_grant")


def test_a_code_presented_by_another_client_is_refused_and_still_good_for_its_own(tax, welfare, visitor):
    """OIDC-CORE-3.1.3.2-code-bound; rule P1: presentation by another client is only audited."""
    code = visitor.code(tax)
    assert refused(welfare.redeem(code, code_verifier=tax.verifier), "invalid_grant")
    assert tax.redeem(code).status_code == 200


@pytest.mark.parametrize("change", [{"redirect_uri": "http://localhost:8001/other"}, {"redirect_uri": None}])
def test_a_code_needs_the_redirect_uri_it_was_asked_with(tax, visitor, change):
    """OIDC-CORE-3.1.3.2-code-bound."""
    code = visitor.code(tax)
    assert refused(tax.redeem(code, **change), "invalid_grant")
    assert refused(tax.redeem(code), "invalid_grant"), "the code must be burnt"


def test_a_code_expires_after_a_minute(tax, visitor, clock):
    """FAPI2-SP-5.3.2.1-11-code-60s."""
    code = visitor.code(tax)
    clock.advance(61)
    assert refused(tax.redeem(code), "invalid_grant")


@pytest.mark.parametrize("verifier", ["x" * 43, None, "short", "y" * 129, "ü" * 43])
def test_a_wrong_or_missing_verifier_burns_the_code(tax, visitor, verifier):
    """RFC7636-4.6-compare, RFC7636-4.1-verifier, RFC9700-2.1.1-pkce-downgrade."""
    code = visitor.code(tax)
    assert refused(tax.redeem(code, code_verifier=verifier), "invalid_grant")
    assert refused(tax.redeem(code), "invalid_grant")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "no-code-of-ours"}, "The code was redeemed before, has expired or ended, or is not one that this"),
        (
            {"redirect_uri": "http://localhost:8001/other"},
            "The redirect_uri is not the one that the code was asked for",
        ),
        ({"code_verifier": None}, "The code_verifier is missing"),
        ({"code_verifier": "x" * 43}, "The code_verifier does not belong to this code"),
    ],
)
def test_developer_is_told_what_does_not_fit_the_code(tax, visitor, change, words):
    """RFC 6749 §5.2: additional information to assist the client developer."""
    answer = tax.redeem(**({"code": visitor.code(tax)} | change))
    assert answer.get_json()["error_description"].startswith(words)


def test_the_verifier_of_another_transaction_does_not_fit(tax, visitor):
    """RFC9700-4.5-code-injection."""
    code = visitor.code(tax)
    visitor.code(tax)
    assert refused(tax.redeem(code), "invalid_grant")


def test_a_code_is_dead_once_the_session_has_ended(tax, visitor):
    code = visitor.code(tax)
    visitor.browser.get("/logout")
    visitor.browser.submit("logout-confirm")
    assert refused(tax.redeem(code), "invalid_grant")


def test_subjects_differ_between_sectors_and_stay_the_same_over_time(tax, welfare, visitor, clock):
    """OIDC-CORE-8.1-pairwise."""
    first = claims_of(visitor.tokens(tax)["id_token"])["sub"]
    other = claims_of(visitor.tokens(welfare)["id_token"])["sub"]
    clock.advance(600)
    again = claims_of(visitor.tokens(tax)["id_token"])["sub"]
    assert first == again != other


def test_tokens_are_issued_with_the_algorithm_that_the_client_registered(new_relying_party, visitor, services):
    """DEC-2-alg."""
    for alg in ("RS256", "PS256", "EdDSA", "ES256"):
        site = new_relying_party(f"site-{alg.lower()}", id_token_signed_response_alg=alg)
        tokens = visitor.tokens(site)
        keys = {key["kid"]: key["alg"] for key in services.keyring.jwks()["keys"]}
        header = _header_of(tokens["id_token"])
        assert header["alg"] == alg == keys[header["kid"]]
        assert header.keys() == {"alg", "kid", "typ"}, "OIDC-CORE-2-alg-none: no key travels in the header"


def _header_of(token):
    import base64
    import json

    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
