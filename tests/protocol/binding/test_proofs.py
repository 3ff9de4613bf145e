"""Proofs one by one (RFC 9449 §4.3, §8 and §11.1): each check has a proof that fails it alone."""

import hashlib
import hmac
import json
from functools import partial

import pytest

from tests.protocol.binding.conftest import ask, challenged
from tests.protocol.conftest import refused
from tests.support.dpop import DPoPKey, b64
from tests.support.racing import together

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


def test_of_ten_parallel_uses_of_a_proof_one_succeeds(site, visitor):
    """RFC9449-11.1-replay."""
    token = visitor.tokens(site)["access_token"]
    at_token, at_userinfo = site.proof("POST", "/token"), site.proof("GET", "/userinfo", token=token)
    for call in (partial(ask, site, at_token), partial(site.userinfo, token, "DPoP", at_userinfo)):
        statuses = [answer.status_code for answer in together([call] * 10)]
        assert statuses.count(200) == 1


def test_a_proof_stays_spent_when_its_request_is_refused(site, visitor):
    """RFC9449-11.1-replay: a refusal gives nothing back, so a proof that somebody saw is worth nothing."""
    token = visitor.tokens(site, scope="openid")["refresh_token"]
    proof = site.proof("POST", "/token")
    assert refused(site.refresh(token, scope="openid profile", proof=proof), "invalid_scope")
    again = site.refresh(token, proof=proof)
    assert refused(again, "invalid_dpop_proof")
    assert "used before" in again.get_json()["error_description"]


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


def test_every_endpoint_gives_the_nonce_once(new_party, key):
    """RFC9449-8-nonce: two header fields read as one nonce that is none."""
    site = new_party(key=key, policy={"dpop_nonce_required": True})
    refusal = site.post("/par", **site.authorization_parameters())
    assert refused(refusal, "use_dpop_nonce")
    for path in ("/par", "/token", "/revoke", "/introspect"):
        assert len(site.post(path).headers.getlist("DPoP-Nonce")) == 1, path
    [site.nonce_given] = refusal.headers.getlist("DPoP-Nonce")
    assert site.post("/par", **site.authorization_parameters()).status_code == 201


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
