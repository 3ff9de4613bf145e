"""Tokens, codes and refresh tokens bound to a key (RFC 9449)."""

import pytest

from idp.foundation.errors import ProtocolError
from idp.protocol.artefacts.used_jti import UsedJTIs
from idp.protocol.binding.nonces import Nonces
from idp.protocol.binding.service import SenderConstraints
from idp.protocol.messages import Request
from tests.protocol.binding.conftest import challenged
from tests.protocol.conftest import refused
from tests.support.dpop import DPoPKey
from tests.support.relying_party import claims_of
from tests.support.statements import watched

PUBLIC = {
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid profile offline_access",
}


# The good case


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_a_proof_binds_the_token_to_its_key(new_party, visitor, alg):
    """RFC9700-2.2.1-sender-constrained, RFC9449-5-token-type, RFC9449-6-cnf-jkt, RFC9449-7.1-scheme."""
    site = new_party(key=DPoPKey(alg))
    tokens = visitor.tokens(site)
    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": site.key.thumbprint}
    assert site.bound_userinfo(tokens["access_token"]).status_code == 200
    refreshed = site.refresh(tokens["refresh_token"]).get_json()
    assert refreshed["token_type"] == "DPoP"
    assert claims_of(refreshed["access_token"])["cnf"] == {"jkt": site.key.thumbprint}


def test_introspection_tells_the_key(site, visitor):
    """RFC9449-6-cnf-jkt."""
    token = visitor.tokens(site)["access_token"]
    told = site.post("/introspect", token=token, proof=None).get_json()
    assert told["active"]
    assert told["token_type"] == "DPoP"
    assert told["cnf"] == {"jkt": site.key.thumbprint}


def test_discovery_names_the_algorithms(client):
    """RFC9449-4.3-checks: RS256 is not among them."""
    document = client.get("/.well-known/oauth-authorization-server").get_json()
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]


# Pushed requests


@pytest.fixture
def constraints(services, clock):
    nonces = Nonces(services.keyring, clock, window_seconds=300)
    return SenderConstraints(services.settings, clock, nonces, UsedJTIs(services.database))


def pushed(proof):
    return Request("POST", {}, headers={} if proof is None else {"dpop": proof}, path="/par")


def test_a_pushed_request_is_bound_by_header_or_parameter(site, services, constraints):
    """RFC9449-10.1-par."""
    client, thumbprint = services.registry.get("tax"), site.key.thumbprint
    assert constraints.pushed_key(pushed(None), client, None) is None
    assert constraints.pushed_key(pushed(None), client, thumbprint) == thumbprint
    assert constraints.pushed_key(pushed(site.proof("POST", "/par")), client, None) == thumbprint
    assert constraints.pushed_key(pushed(site.proof("POST", "/par")), client, thumbprint) == thumbprint


def test_a_pushed_request_whose_header_and_parameter_differ_is_refused(site, services, constraints):
    """RFC9449-10.1-par."""
    client, proof = services.registry.get("tax"), site.proof("POST", "/par")
    with pytest.raises(ProtocolError, match="invalid_dpop_proof"):
        constraints.pushed_key(pushed(proof), client, DPoPKey().thumbprint)
    constraints.pushed_key(pushed(proof), client, None)
    with pytest.raises(ProtocolError, match="used before"):
        constraints.pushed_key(pushed(proof), client, None)
    with pytest.raises(ProtocolError, match="another address"):
        constraints.pushed_key(pushed(site.proof("POST", "/token")), client, None)


# The code


def test_a_code_bound_to_a_key_needs_that_key(site, visitor):
    """RFC9449-10-dpop-jkt."""
    code = visitor.code(site, dpop_jkt=site.key.thumbprint)
    assert site.redeem(code).status_code == 200


@pytest.mark.parametrize("other", [DPoPKey(), None], ids=["another key", "no proof"])
def test_a_code_bound_to_a_key_is_refused_without_it(site, visitor, other):
    """RFC9449-10-dpop-jkt."""
    code = visitor.code(site, dpop_jkt=site.key.thumbprint)
    right, site.key = site.key, other
    assert refused(site.redeem(code), "invalid_grant")
    site.key = right
    assert refused(site.redeem(code), "invalid_grant"), "the code must be burnt"


@pytest.mark.parametrize("thumbprint", ["short", "x" * 44, "!" * 43])
def test_a_dpop_jkt_that_is_no_thumbprint_is_refused(site, visitor, thumbprint):
    """RFC9449-10-dpop-jkt."""
    assert visitor.visit(site, dpop_jkt=thumbprint).answer["error"] == "invalid_request"


def test_an_invalid_proof_burns_no_code(site, visitor):
    code = visitor.code(site)
    assert refused(site.redeem(code, proof=site.proof("POST", "/token", htm="GET")), "invalid_dpop_proof")
    assert site.redeem(code).status_code == 200


# Refresh tokens


def test_the_refresh_token_of_a_public_client_belongs_to_its_key(new_party, key, visitor):
    """RFC9449-5-token-type: refresh with another key, or without one, is refused and moves nothing."""
    site = new_party("app", key=key, **PUBLIC)
    token = visitor.tokens(site, scope="openid offline_access")["refresh_token"]
    for other in (DPoPKey(), None):
        site.key = other
        assert refused(site.refresh(token), "invalid_grant")
    site.key = key
    following = site.refresh(token).get_json()["refresh_token"]
    site.key = DPoPKey()
    assert refused(site.refresh(token), "invalid_grant"), "nor does the grace help a thief"
    site.key = key
    assert site.refresh(following).status_code == 200


def test_a_confidential_client_may_change_its_key(site, visitor):
    """RFC 9449 §5: its refresh tokens are bound to its authentication."""
    token = visitor.tokens(site)["refresh_token"]
    site.key = DPoPKey()
    assert claims_of(site.refresh(token).get_json()["access_token"])["cnf"] == {"jkt": site.key.thumbprint}


def test_refresh_tokens_stay_the_same_for_who_proves_a_key_and_a_credential(new_party, key, visitor):
    """DEC-3-rotation: not for a public client, which has the key alone, and not for who may come without one."""
    site = new_party(key=key, dpop_bound_access_tokens=True)
    token = visitor.tokens(site)["refresh_token"]
    assert [site.refresh(token).get_json()["refresh_token"] for _ in range(3)] == [token] * 3
    for client_id, changes in (
        ("app", PUBLIC | {"dpop_bound_access_tokens": True}),
        ("free", {"dpop_bound_access_tokens": False}),
    ):
        other = new_party(client_id, key=key, **changes)
        token = visitor.tokens(other)["refresh_token"]
        assert other.refresh(token).get_json()["refresh_token"] != token


# Resources


def test_a_bound_token_is_worth_nothing_as_bearer(site, visitor):
    """RFC9449-7.2-no-downgrade."""
    token = visitor.tokens(site)["access_token"]
    assert challenged(site.userinfo(token), "invalid_token")
    assert challenged(site.userinfo(token, "Bearer", site.proof("GET", "/userinfo", token=token)), "invalid_token")


def test_a_bound_token_in_the_form_is_refused(app, issuer, site, visitor):
    """RFC9449-7.2-no-downgrade."""
    token = visitor.tokens(site)["access_token"]
    client = app.test_client(use_cookies=False)
    assert challenged(client.post("/userinfo", base_url=issuer, data={"access_token": token}), "invalid_token")


def test_a_plain_token_does_not_pass_under_the_scheme_dpop(site, visitor):
    """RFC9449-7.1-scheme."""
    key, site.key = site.key, None
    token = visitor.tokens(site)["access_token"]
    site.key = key
    assert challenged(site.bound_userinfo(token), "invalid_token", "Bearer")
    assert site.userinfo(token).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"ath": None}, "invalid_dpop_proof"),
        ({"ath": "x"}, "invalid_dpop_proof"),
        ({"ath": "ä"}, "invalid_dpop_proof"),
        ({"ath": 7}, "invalid_dpop_proof"),
        ({"ath": "jzgkLPBzt0F3M4rrm2Ux4IhGLFfSL4jCXrPDkBXPQRM"}, "invalid_dpop_proof"),
        ({"htm": "POST"}, "invalid_dpop_proof"),
        ({"htu": "http://localhost:8000/token"}, "invalid_dpop_proof"),
        ({"key": DPoPKey()}, "invalid_token"),
    ],
    ids=str,
)
def test_a_resource_refuses_a_proof_that_is_not_for_it(site, visitor, changes, error):
    """RFC9449-4.3-checks: ath and the key itself."""
    token = visitor.tokens(site)["access_token"]
    assert challenged(site.bound_userinfo(token, **changes), error)
    assert site.bound_userinfo(token).status_code == 200


def test_a_bound_token_without_a_proof_is_refused(site, visitor):
    """RFC9449-7.1-scheme."""
    token = visitor.tokens(site)["access_token"]
    response = site.userinfo(token, "DPoP")
    assert challenged(response, "invalid_dpop_proof")
    assert 'algs="ES256 PS256 EdDSA"' in response.headers["WWW-Authenticate"]


def test_a_request_without_a_token_is_told_both_schemes(client):
    """RFC9449-7.1-scheme."""
    response = client.get("/userinfo")
    assert response.status_code == 401
    assert [value.split(" ")[0] for value in response.headers.getlist("WWW-Authenticate")] == ["Bearer", "DPoP"]


# Registration


def test_a_client_that_registered_for_it_gets_no_plain_token(new_party, key, visitor):
    """RFC9449-5-token-type, FAPI2-SP-5.3.2.1: dpop_bound_access_tokens."""
    site = new_party(key=key, dpop_bound_access_tokens=True)
    code = visitor.code(site)
    assert refused(site.redeem(code, proof=None), "invalid_dpop_proof")
    assert site.redeem(code).get_json()["token_type"] == "DPoP"
    assert refused(site.token(grant_type="client_credentials", proof=None), "invalid_dpop_proof")


# Cross-origin


def test_a_page_may_send_a_proof_and_read_the_nonce(new_party, key, client, issuer):
    """RFC9449-8-nonce."""
    origin = "http://localhost:8009"
    site = new_party("app", key=key, **PUBLIC, policy={"cors_origins": [origin]})
    asked = client.options("/token", base_url=issuer, headers={"Origin": origin})
    assert "DPoP" in asked.headers["Access-Control-Allow-Headers"]
    answer = client.post(
        "/token",
        base_url=issuer,
        data={"grant_type": "authorization_code", "client_id": "app"},
        headers={"Origin": origin, "DPoP": site.proof("POST", "/token")},
    )
    assert "DPoP-Nonce" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.headers["DPoP-Nonce"]


# Statements


def test_a_proof_costs_one_insert_and_a_plain_request_nothing(site, visitor, services):
    code = visitor.code(site)
    with watched(services.database) as seen:
        token = site.redeem(code).get_json()["access_token"]
    assert seen.kinds[:2] == ["INSERT", "SELECT"]
    with watched(services.database) as seen:
        assert site.bound_userinfo(token).status_code == 200
    assert seen.kinds == ["INSERT", "SELECT"]
