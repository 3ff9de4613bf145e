"""Clients that sign for themselves (RFC 7523 §3, FAPI 2.0 §5.3.2.1), and each way to get it wrong."""

import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from idp.foundation.digests import b64url
from idp.protocol.client_auth.client_keys import ClientKeys
from tests.protocol.assertions import ISSUER, KEYS, PUBLIC, TYPE, Signer, quiet
from tests.protocol.conftest import refused
from tests.protocol.forgery import changed, encoded, unsigned
from tests.protocol.test_client_authentication import MACHINE
from tests.protocol.test_hostile_parameters import nested


@pytest.fixture
def bank(client, clock, registration_factory):
    registration_factory(
        "bank",
        token_endpoint_auth_method="private_key_jwt",
        jwks=PUBLIC,
        **MACHINE,
    )
    return Signer(client, clock)


def test_a_good_assertion_is_accepted_once(bank, clock):
    """RFC7523-3-assertion, RFC9700-2.5-asymmetric-client-auth; the replay store is shared and outlives a restart."""
    for alg in ("ES256", "EdDSA", "PS256"):
        assert bank.is_accepted(bank.assertion(alg))
    assertion = bank.assertion(jti="once")
    assert bank.is_accepted(assertion, client_id="bank")
    assert not bank.is_accepted(assertion)
    clock.advance(30)
    assert not bank.is_accepted(assertion)
    assert not bank.is_accepted(bank.assertion(jti="once")), "the same jti in another assertion"
    assert bank.is_accepted(bank.assertion(jti="twice"))


def test_an_assertion_stays_spent_although_its_request_failed(new_relying_party, client, clock, visitor):
    """RFC7523-3-assertion: what was seen once is worth nothing, whatever came of it."""
    site = new_relying_party("bank", token_endpoint_auth_method="private_key_jwt", jwks=PUBLIC)
    bank = Signer(client, clock)
    code = visitor.code(site)
    redemption = {"code": code, "redirect_uri": site.redirect_uri, "code_verifier": site.verifier}
    tokens = bank.post(bank.assertion(), grant_type="authorization_code", **redemption).get_json()
    assertion = bank.assertion()
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert refused(bank.post(assertion, scope="openid phone", **refresh), "invalid_scope")
    assert refused(bank.post(assertion, **refresh), "invalid_client", 401)
    assert bank.post(bank.assertion(), **refresh).status_code == 200


@pytest.mark.only_on("sqlite")
class TestRefusals:
    def test_claims_that_are_missing_or_wrong(self, bank, clock):
        """RFC7523-3-assertion, RFC7523-3-lifetime, FAPI2-SP-5.3.2.1-8-aud, FAPI2-SP-5.3.2.1-13-clock."""
        now = int(clock.now().timestamp())
        for change in (
            {"iss": None},
            {"iss": "tax"},
            {"iss": ISSUER},
            {"iss": ["bank"]},
            {"sub": None},
            {"sub": "tax"},
            {"sub": ["bank"]},
            {"aud": None},
            {"aud": "https://evil.example"},
            {"aud": [ISSUER]},
            {"aud": [ISSUER, "https://evil.example"]},
            {"aud": ISSUER + "/"},
            {"aud": ISSUER + "/token"},
            {"aud": ISSUER + "/introspect"},
            {"aud": {"x": ISSUER}},
            {"exp": None},
            {"exp": now - 11},
            {"exp": now + 3600},
            {"exp": now + 361},
            {"exp": str(now + 60)},
            {"exp": True},
            {"exp": -1},
            {"exp": 300_000_000_000},
            {"exp": 2**40 - 1},
            {"exp": 10**30},
            {"exp": (now + 60) * 1000},
            {"iat": now + 61},
            {"iat": "now"},
            {"nbf": now + 61},
            {"nbf": [now]},
            {"jti": None},
            {"jti": ""},
            {"jti": 7},
            {"jti": "x" * 256},
        ):
            assert not bank.is_accepted(bank.assertion(**change)), change

    def test_clocks_may_differ_a_little(self, bank, clock):
        """FAPI2-SP-5.3.2.1-13-clock: 0 to 10 s in the future are accepted."""
        now = int(clock.now().timestamp())
        for change in (
            {"iat": now + 10, "nbf": now + 10},
            {"exp": now - 5},
            {"exp": now + 360},
            {"exp": now + 60.5, "iat": now - 0.5},
            {"iat": None},
        ):
            assert bank.is_accepted(bank.assertion(**change)), change

    def test_signatures_by_nobody_or_somebody_else(self, bank):
        good = bank.assertion()
        stranger = ECKey.generate_key("P-256", {"kid": "ec"})
        head, body, signature = good.split(".")
        for forged in (
            bank.assertion(key=stranger),
            changed(good, exp=9_999_999_999),
            changed(good, {"kid": "ed"}),
            unsigned(good),
            f"{head}.{body}.",
            f"{head}.{body}",
            f"{head}.{body}.{signature[:-4]}",
            f"{head}.{body}.{signature}.x",
            f"{encoded({'alg': 'none'})}.{body}.{signature}",
        ):
            assert not bank.is_accepted(forged), forged
        assert bank.is_accepted(good)

    def test_the_public_key_is_no_shared_secret(self, bank):
        """RFC 8725 §3.1: a library that picks the key by the token would take the public key for an HMAC secret."""
        for secret in (KEYS["PS256"].as_pem(private=False), json.dumps(PUBLIC["keys"][0]).encode(), b"x" * 32):
            for head in ({"alg": "HS256", "kid": "rsa"}, {"alg": "HS256", "kid": "ec"}, {"alg": "HS256"}):
                signed = f"{encoded(head)}.{encoded(bank.claims())}"
                assert not bank.is_accepted(f"{signed}.{b64url(hmac.digest(secret, signed.encode(), 'sha256'))}")

    def test_headers_that_bring_their_own_key_or_conditions(self, bank):
        """RFC 8725 §3.10: keys come from the registration only."""
        evil = ECKey.generate_key("P-256", {"kid": "evil"})
        public = evil.as_dict(private=False)
        for header in (
            {"jwk": public},
            {"jku": "https://evil.example/jwks"},
            {"x5u": "https://evil.example/x5u"},
            {"x5c": ["MIIB"]},
            {"crit": ["exp"]},
        ):
            head = {"alg": "ES256", "kid": "evil"} | header
            body = encoded(bank.claims())
            unchecked = f"{encoded(head)}.{body}."
            signature = jws.serialize_compact({"alg": "ES256", "kid": "evil"}, b"x", evil).rpartition(".")[2]
            assert not bank.is_accepted(unchecked + signature), header
            if "crit" not in header:
                assert not bank.is_accepted(bank.assertion(header=header)), "not even beside a right signature"

    def test_key_ids_that_do_not_exist(self, bank):
        for kid in ("other", "", "ec ", "EC", "../ec", "x" * 5000):
            assert not bank.is_accepted(bank.assertion(header={"kid": kid}))
        assert not bank.is_accepted(bank.assertion("ES256", header={"kid": "rsa"})), "a key of another kind"

    def test_headers_of_odd_types(self, bank):
        body = encoded(bank.claims())
        odd: list[Any] = [[], "x", 1, None, {}, {"alg": []}, {"alg": {}}, {"alg": 1}, {"alg": None}]
        for header in odd:
            assert not bank.is_accepted(f"{encoded(header)}.{body}.AAAA"), header
        kids: list[Any] = [[], {}, 1, None, ["ec"]]
        for kid in kids:
            assert not bank.is_accepted(f"{encoded({'alg': 'ES256', 'kid': kid})}.{body}.AAAA"), kid

    def test_an_algorithm_that_is_not_the_registered_one(self, client, clock, registration_factory):
        """FAPI2-SP-5.4.1-alg."""
        registration_factory(
            "bank",
            token_endpoint_auth_method="private_key_jwt",
            token_endpoint_auth_signing_alg="PS256",
            jwks=PUBLIC,
            **MACHINE,
        )
        bank = Signer(client, clock)
        assert bank.is_accepted(bank.assertion("PS256"))
        assert not bank.is_accepted(bank.assertion("ES256"))
        rs256 = jwt.encode({"alg": "RS256", "kid": "rsa"}, bank.claims(), KEYS["PS256"], algorithms=["RS256"])
        assert not bank.is_accepted(rs256)

    def test_the_form_around_it(self, bank):
        """RFC7523-3-assertion."""
        assert refused(bank.post(bank.assertion(), client_assertion_type=None), "invalid_request")
        for kind in ("urn:ietf:params:oauth:client-assertion-type:saml2-bearer", TYPE.upper()):
            assert not bank.is_accepted(bank.assertion(), client_assertion_type=kind)
        assert refused(bank.post(bank.assertion(), client_id="tax"), "invalid_client", 401)
        assert refused(bank.post(None, client_id="bank"), "invalid_client", 401)
        for text in ("a.b.c", "..", ".", "x" * 9000, "e30.bnVsbA.", "é.é.é", "e30." + "W" * 6000 + "."):
            assert not bank.is_accepted(text)

    @pytest.mark.usefixtures("tax")
    def test_another_method_is_no_way_around(self, bank, client):
        signed = bank.assertion(iss="tax", sub="tax")
        assert not bank.is_accepted(signed), "tax is registered with a secret"
        answer = client.post(
            "/token",
            base_url=ISSUER,
            data={"grant_type": "client_credentials", "client_id": "bank", "client_secret": "x"},
        )
        assert refused(answer, "invalid_client", 401)

    def test_a_legacy_client_may_name_an_endpoint(self, client, clock, registration_factory):
        """DEC-4-aud."""
        registration_factory(
            "bank",
            token_endpoint_auth_method="private_key_jwt",
            jwks=PUBLIC,
            **MACHINE,
            policy={"profile": "legacy-oidc"},
        )
        bank = Signer(client, clock)
        right: list[Any] = [
            ISSUER,
            f"{ISSUER}/token",
            f"{ISSUER}/par",
            [f"{ISSUER}/token"],
            [ISSUER, "https://elsewhere.example"],
        ]
        for audience in right:
            assert bank.is_accepted(bank.assertion(aud=audience)), audience
        wrong: list[Any] = [f"{ISSUER}/introspect", [], ["x"], [[ISSUER]], [None]]
        for audience in wrong:
            assert not bank.is_accepted(bank.assertion(aud=audience)), audience

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(payload=nested)
    def test_signed_nonsense_is_refused_like_any_other(self, bank, payload):
        """What a registered key has signed is still input."""
        signed = jws.serialize_compact({"alg": "ES256", "kid": "ec"}, payload, KEYS["ES256"])
        assert not bank.is_accepted(signed)

    def test_a_signed_claim_without_a_bottom_is_no_fault_of_ours(self, bank):
        for depth in (900, 1000, 1015, 1500):
            payload = json.dumps(bank.claims())[:-1] + f', "deep": {"[" * depth}{"]" * depth}}}'
            signed = jws.serialize_compact({"alg": "ES256", "kid": "ec"}, payload.encode(), KEYS["ES256"])
            assert bank.post(signed).status_code in {200, 401}, depth


@pytest.mark.only_on("sqlite")
class TestFetchedKeys:
    """jwks_uri (rule P11): kept for five minutes, asked again for an unknown key at most once a minute."""

    @pytest.fixture
    def place(self, serve_site):
        return _KeyPlace(serve_site)

    @pytest.fixture
    def bank(self, client, clock, registration_factory, place):
        registration_factory(
            "bank",
            token_endpoint_auth_method="private_key_jwt",
            jwks_uri=place.url,
            **MACHINE,
        )
        return Signer(client, clock)

    def test_a_new_key_is_found_without_asking_for_every_guess(self, bank, place, clock):
        assert bank.is_accepted(bank.assertion())
        assert bank.is_accepted(bank.assertion("EdDSA"))
        assert place.calls == 1
        new = ECKey.generate_key("P-256", {"kid": "new"})
        place.keys = {"keys": [*PUBLIC["keys"], new.as_dict(private=False)]}
        for _ in range(3):
            assert not bank.is_accepted(bank.assertion(key=new))
        assert place.calls == 1, "a minute has not passed"
        clock.advance(60)
        assert bank.is_accepted(bank.assertion(key=new))
        assert place.calls == 2
        for number in range(3):
            assert not bank.is_accepted(bank.assertion(header={"kid": f"guess{number}"}))
        assert place.calls == 2

    def test_a_withdrawn_key_is_forgotten_after_five_minutes(self, bank, place, clock):
        assert bank.is_accepted(bank.assertion())
        place.keys = {"keys": PUBLIC["keys"][1:]}
        clock.advance(299)
        assert bank.is_accepted(bank.assertion())
        clock.advance(1)
        assert not bank.is_accepted(bank.assertion())
        assert bank.is_accepted(bank.assertion("EdDSA"))

    def test_while_the_place_is_down_the_known_keys_go_on(self, bank, place, clock):
        assert bank.is_accepted(bank.assertion())
        place.status = "500 Internal Server Error"
        clock.advance(300)
        assert bank.is_accepted(bank.assertion())

    def test_keys_that_we_would_never_register_are_passed_over(self, bank, place):
        """FAPI2-SP-5.4.1-keysize; RFC 7517 §5: what is not understood does not spoil the rest."""
        with quiet():
            weak = RSAKey.generate_key(1024, {"kid": "weak"})
        for_encryption = ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"})
        odd = [weak.as_dict(private=False), for_encryption.as_dict(private=False), {"kty": "AKP", "kid": "new"}]
        place.keys = {"keys": [*odd, {"kty": "oct", "k": "eA", "kid": "oct"}, "x", None, *PUBLIC["keys"]]}
        assert bank.is_accepted(bank.assertion())
        assert not bank.is_accepted(bank.assertion("PS256", key=weak))
        for_encryption = ECKey.import_key({**for_encryption.as_dict(private=True), "use": "sig"})
        assert not bank.is_accepted(bank.assertion(key=for_encryption))

    def test_what_is_no_key_set_accepts_nobody(self, bank, place, clock):
        for body in (b"", b"[]", b"{", b'{"keys":1}', b'{"keys":[{}]}', b'{"keys":[{"kty":"oct"}]}'):
            place.body = body
            assert not bank.is_accepted(bank.assertion())
            clock.advance(300)


@pytest.mark.only_on("sqlite")
def test_one_client_whose_server_hangs_holds_up_no_other(registration_factory, services, clock):
    """Rule P11: single-flight for each client, not for all of them."""
    for name in ("slow", "quick"):
        registration_factory(
            name,
            token_endpoint_auth_method="private_key_jwt",
            jwks_uri=f"http://localhost:9/{name}",
            **MACHINE,
        )
    released, calls = threading.Event(), []

    def fetch(url):
        calls.append(url)
        if url.endswith("slow"):
            assert released.wait(timeout=30)
        return json.dumps(PUBLIC).encode()

    keys = ClientKeys(fetch, clock)
    slow, quick = (services.registry.get(name) for name in ("slow", "quick"))
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(keys.of, slow, "ec") for _ in range(2)]
        assert isinstance(threads.submit(keys.of, quick, "ec").result(timeout=20), KeySet)
        released.set()
        assert all(isinstance(one.result(timeout=20), KeySet) for one in waiting)
    assert sorted(calls) == ["http://localhost:9/quick", "http://localhost:9/slow"], "and each was asked once"


def test_a_server_that_hangs_holds_few_threads(registration_factory, services, clock):
    """Rule P11: anybody can name a client whose server is down, and every request that waits for it holds a thread."""
    members = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://localhost:9/slow"}
    registration_factory("slow", **members, **MACHINE)
    slow, released = services.registry.get("slow"), threading.Event()

    def fetch(_url):
        assert released.wait(timeout=30)
        return json.dumps(PUBLIC).encode()

    keys = ClientKeys(fetch, clock)
    with ThreadPoolExecutor(12) as threads:
        waiting = [threads.submit(keys.of, slow, "ec") for _ in range(12)]
        turned_away = list(islice(as_completed(waiting, timeout=20), 9))
        released.set()
        found = [one.result() for one in waiting if one not in turned_away]
    assert {one.exception().error for one in turned_away} == {"temporarily_unavailable"}
    assert len(found) == 3
    assert isinstance(keys.of(slow, "ec"), KeySet)


class _KeyPlace:
    """A department's server that publishes a key set."""

    def __init__(self, serve_site):
        self.keys = PUBLIC
        self.body = None
        self.status = "200 OK"
        self.calls = 0
        self.url = serve_site(self._answer).url + "/jwks"

    def _answer(self, _environ, start_response):
        self.calls += 1
        body = json.dumps(self.keys).encode() if self.body is None else self.body
        start_response(self.status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]
