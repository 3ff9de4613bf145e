"""Tokens bound to a key (RFC 9449): each check has a proof that fails it alone."""

import hashlib
import hmac
import json

import pytest

from tests.protocol.conftest import ALL_GRANTS, refused
from tests.protocol.proving import DPoPKey, ProvingParty, b64
from tests.protocol.statements import watched
from tests.support.relying_party import claims_of


@pytest.fixture
def new_party(app, issuer, clock, registration_factory):
    def make(client_id="tax", key=None, **changes):
        site = registration_factory(
            client_id, **({"grant_types": ALL_GRANTS, "scope": "openid profile offline_access reports"} | changes)
        )
        party = ProvingParty(app, issuer, site.client_id, site.client_secret, site.redirect_uri)
        party.clock, party.key = clock, key
        return party

    return make


@pytest.fixture
def key():
    return DPoPKey()


@pytest.fixture
def site(new_party, key):
    return new_party(key=key)


PUBLIC = {
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid profile offline_access",
}


def ask(site, proof):
    return site.post("/token", grant_type="client_credentials", proof=proof)


def challenged(response, error, scheme="DPoP"):
    challenge = response.headers["WWW-Authenticate"]
    return response.status_code == 401 and challenge.startswith(scheme + " ") and f'error="{error}"' in challenge


# The good case


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_a_proof_binds_the_token_to_its_key(new_party, visitor, alg):
    """RFC9449-5-token-type, RFC9449-6-cnf-jkt, RFC9449-7.1-scheme."""
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


# The proof itself


@pytest.mark.parametrize(
    "changes",
    [
        {"header": {"typ": "JWT"}},
        {"header": {"typ": None}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"alg": "RS256"}},
        {"header": {"alg": "PS256"}},
        {"header": {"alg": "EdDSA"}},
        {"header": {"alg": ["ES256"]}},
        {"header": {"crit": ["exp"], "exp": 1}},
        {"header": {"jwk": None}},
        {"header": {"jwk": "key"}},
        {"header": {"jwk": {}}},
        {"header": {"jwk": {"kty": "EC", "crv": "P-256", "x": b64(b"1" * 32), "y": b64(b"2" * 32)}}},
        {"header": {"jwk": {"kty": "oct", "k": b64(b"1" * 32)}}},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 256},
        {"htm": None},
        {"htm": "GET"},
        {"htm": "post"},
        {"htu": None},
        {"htu": "https://other.example/token"},
        {"htu": "http://localhost:8000/userinfo"},
        {"htu": "/token"},
        {"htu": "http://user@localhost:8000/token"},
        {"htu": "http://localhost:99999/token"},
        {"htu": ["http://localhost:8000/token"]},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": -1},
        {"iat": 10**30},
        {"nonce": 7},
    ],
    ids=str,
)
def test_a_proof_that_fails_one_check_is_refused(site, changes):
    """RFC9449-4.2-proof, RFC9449-4.3-checks."""
    response = ask(site, site.proof("POST", "/token", **changes))
    assert refused(response, "invalid_dpop_proof"), response.text
    assert ask(site, site.proof("POST", "/token")).status_code == 200


def test_a_proof_by_another_key_than_it_shows_is_refused(site):
    """RFC9449-4.3-checks."""
    assert refused(
        ask(site, site.proof("POST", "/token", key=DPoPKey(), header={"jwk": site.key.jwk})), "invalid_dpop_proof"
    )


def test_a_proof_that_shows_its_private_key_is_refused(site):
    """RFC9449-4.3-checks."""
    leaked = site.key.jwk | {"d": site.key.private_member}
    assert refused(ask(site, site.proof("POST", "/token", header={"jwk": leaked})), "invalid_dpop_proof")


def test_a_proof_under_a_shared_key_is_refused(site):
    """RFC9449-4.3-checks: the public key must not serve as the secret of an HMAC."""
    secret = json.dumps(site.key.jwk).encode()
    head = {"typ": "dpop+jwt", "alg": "HS256", "jwk": site.key.jwk}
    claims = {"jti": "1", "htm": "POST", "htu": site.issuer + "/token", "iat": int(site.clock.now().timestamp())}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    mark = b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())
    assert refused(ask(site, f"{signed}.{mark}"), "invalid_dpop_proof")


def test_an_rs256_proof_and_a_short_rsa_key_are_refused(new_party):
    """RFC9449-4.3-checks, FAPI2-SP-5.4: RS256 is not offered."""
    site = new_party(key=DPoPKey("RS256"))
    assert refused(ask(site, site.proof("POST", "/token")), "invalid_dpop_proof")


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "a.b", "ä.b.c", "e30.e30.e30", "W10.W10.AA", "." * 9000])
def test_what_is_no_jwt_is_refused(site, text):
    """RFC9449-4.3-checks."""
    assert refused(ask(site, text.encode().decode("latin-1")), "invalid_dpop_proof")


def test_two_proofs_in_one_request_are_refused(site):
    """RFC9449-4.3-checks, item 1."""
    two = f"{site.proof('POST', '/token')},{site.proof('POST', '/token')}"
    assert refused(ask(site, two), "invalid_dpop_proof")


@pytest.mark.parametrize(
    "htu",
    [
        "http://localhost:8000/token?state=1",
        "http://localhost:8000/token#part",
        "HTTP://LOCALHOST:8000/token",
        "http://localhost:8000/%74oken",
        "http://localhost:8000/a/../token",
        "http://localhost:8000/./token",
    ],
)
def test_the_address_is_compared_in_normal_form(site, htu):
    """RFC9449-4.3-checks: query and fragment are ignored, spelling does not count (RFC 3986 §6.2.2)."""
    assert ask(site, site.proof("POST", "/token", htu=htu)).status_code == 200


@pytest.mark.parametrize(("offset", "status"), [(-61, 400), (-59, 200), (9, 200), (11, 400), (120, 400)])
def test_a_proof_is_good_for_a_minute(site, offset, status):
    """RFC9449-11.1-replay: proofs live for a short window only."""
    iat = int(site.clock.now().timestamp()) + offset
    assert ask(site, site.proof("POST", "/token", iat=iat)).status_code == status


# Replay


def test_a_proof_is_accepted_once(site, visitor):
    """RFC9449-11.1-replay."""
    proof = site.proof("POST", "/token")
    assert ask(site, proof).status_code == 200
    assert refused(ask(site, proof), "invalid_dpop_proof")
    token = visitor.tokens(site)["access_token"]
    proof = site.proof("GET", "/userinfo", token=token)
    assert site.userinfo(token, "DPoP", proof).status_code == 200
    assert challenged(site.userinfo(token, "DPoP", proof), "invalid_dpop_proof")


def test_two_keys_may_use_the_same_jti(site):
    assert ask(site, site.proof("POST", "/token", jti="same")).status_code == 200
    assert ask(site, site.proof("POST", "/token", jti="same", key=DPoPKey())).status_code == 200


def test_spent_proofs_are_remembered_by_every_node_until_they_are_too_old(site, settings, clock, entropy):
    """RFC9449-11.1-replay: the store survives a restart and is shared by all nodes."""
    from idp.app import create_app
    from tests.support.deployment import services_of

    proof = site.proof("POST", "/token", iat=int(clock.now().timestamp()) + 9)
    assert ask(site, proof).status_code == 200
    other = services_of(settings, clock, entropy)
    site.turn_to(create_app(settings, other))
    assert refused(ask(site, proof), "invalid_dpop_proof")
    clock.advance(68)
    assert "used before" in ask(site, proof).get_json()["error_description"]
    clock.advance(2)
    assert "too old" in ask(site, proof).get_json()["error_description"]
    other.database.dispose()


# Nonces


def test_a_site_that_must_use_nonces_is_told_one(new_party, key, visitor):
    """RFC9449-8-nonce, RFC9449-9: 400 at the token endpoint, 401 at a resource."""
    site = new_party(key=key, policy={"dpop_nonce_required": True})
    code = visitor.code(site)
    response = site.redeem(code)
    assert refused(response, "use_dpop_nonce")
    site.nonce_given = response.headers["DPoP-Nonce"]
    tokens = site.redeem(code).get_json()
    assert tokens["token_type"] == "DPoP", "the code was not burnt by the first try"

    response = site.bound_userinfo(tokens["access_token"], nonce=None)
    assert challenged(response, "use_dpop_nonce")
    assert site.bound_userinfo(tokens["access_token"], nonce=response.headers["DPoP-Nonce"]).status_code == 200


@pytest.mark.parametrize("setting_changes", [{"IDP_DPOP_NONCE_REQUIRED": "true", "IDP_DPOP_NONCE_SECONDS": "100"}])
def test_a_nonce_lives_for_its_window_and_the_next(site, clock):
    """RFC9449-8-nonce."""
    clock.advance(100 - int(clock.now().timestamp()) % 100)
    first = ask(site, site.proof("POST", "/token", nonce=None)).headers["DPoP-Nonce"]
    clock.advance(199)
    answer = ask(site, site.proof("POST", "/token", nonce=first))
    assert answer.status_code == 200
    assert answer.headers["DPoP-Nonce"] != first, "the next one comes with every answer"
    clock.advance(1)
    assert refused(ask(site, site.proof("POST", "/token", nonce=first)), "use_dpop_nonce")
    following = answer.headers["DPoP-Nonce"]
    assert ask(site, site.proof("POST", "/token", nonce=following)).status_code == 200


@pytest.mark.parametrize("nonce", ["", "x", "eyJub25jZSI6MX0", "A" * 60, "A" * 300, "ä"])
def test_a_made_up_nonce_is_refused_even_where_none_is_needed(site, nonce):
    """RFC9449-8-nonce."""
    assert refused(ask(site, site.proof("POST", "/token", nonce=nonce)), "use_dpop_nonce")


def test_a_nonce_of_the_future_or_of_another_mac_is_refused(site):
    """RFC9449-8-nonce."""
    import base64

    good = ask(site, site.proof("POST", "/token")).headers["DPoP-Nonce"]
    raw = base64.urlsafe_b64decode(good + "=" * (-len(good) % 4))
    later = (int.from_bytes(raw[:8], "big") + 1).to_bytes(8, "big")
    for forged in (later + raw[8:], raw[:8] + bytes(32) + raw[40:], raw[:40] + b"unknown"):
        assert refused(ask(site, site.proof("POST", "/token", nonce=b64(forged))), "use_dpop_nonce")


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
    assert seen.kinds == ["INSERT", "UPDATE", "INSERT", "INSERT"]
    assert seen.commits == 1
    with watched(services.database) as seen:
        assert site.bound_userinfo(token).status_code == 200
    assert seen.kinds == ["INSERT", "SELECT"]
