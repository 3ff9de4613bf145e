"""How clients prove who they are: secrets and public clients (RFC 6749 §2.3, OpenID Connect Core §9)."""

import base64
from urllib.parse import quote

import pytest

from tests.protocol.conftest import refused

pytestmark = pytest.mark.only_on("sqlite")

ENDPOINTS = ("/token", "/introspect", "/revoke")
MACHINE = {"grant_types": ["client_credentials"], "redirect_uris": None, "scope": None}


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


@pytest.fixture
def ask(client, issuer):
    """Ask for a token for the client itself, in whatever way."""

    def ask(headers=None, path="/token", **fields):
        form = {"grant_type": "client_credentials", "token": "x"} | fields
        return client.post(path, base_url=issuer, data=form, headers=headers)

    return ask


@pytest.fixture
def post_site(registration_factory):
    return registration_factory("poster", token_endpoint_auth_method="client_secret_post", **MACHINE)


def test_a_secret_in_the_header(tax, ask):
    assert ask(basic("tax", tax.client_secret)).status_code == 200
    assert ask(basic("tax", tax.client_secret), client_id="tax").status_code == 200
    lower = basic("tax", tax.client_secret)["Authorization"].replace("Basic", "bASIC")
    assert ask({"Authorization": lower}).status_code == 200


def test_a_wrong_secret_is_told_as_little_as_an_unknown_client(tax, ask):
    """OIDC-CORE-3.1.3.4-token-errors: 401, with a challenge when Basic was used."""
    answers = [ask(basic("tax", "wrong"), path) for path in ENDPOINTS] + [
        ask(basic(name, tax.client_secret)) for name in ("nobody", "TAX", "", "t\0x", "x" * 5000, "税")
    ]
    for answer in answers:
        assert refused(answer, "invalid_client", 401)
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="token", charset="UTF-8"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.data == answers[0].data


def test_credentials_that_cannot_be_read_are_refused(tax, ask):
    good = basic("tax", tax.client_secret)["Authorization"]
    for header in (
        "Basic",
        "Basic ",
        "Basic =",
        "Basic !!!!",
        f"{good}x",
        f"{good}, {good}",
        "Negotiate abc",
        "Basic dGF4",
    ):
        assert refused(ask({"Authorization": header}), "invalid_client", 401), header


def test_names_and_secrets_are_urlencoded_in_the_header(registration_factory, ask):
    """RFC 6749 §2.3.1."""
    registration_factory("odd.one", client_secret="a+b/c%d:e&f=g", **MACHINE)
    assert ask(basic("odd.one", quote("a+b/c%d:e&f=g", safe=""))).status_code == 200
    assert refused(ask(basic("odd.one", "a+b/c%d:e&f=g")), "invalid_client", 401)


def test_a_secret_in_the_form(post_site, ask):
    assert ask(client_id="poster", client_secret=post_site.client_secret).status_code == 200
    answer = ask(client_id="poster", client_secret="wrong")
    assert refused(answer, "invalid_client", 401)
    assert "WWW-Authenticate" not in answer.headers
    assert refused(ask(client_secret=post_site.client_secret), "invalid_client", 401)


def test_only_the_registered_method_counts(tax, post_site, ask):
    """OIDC-CORE-9-client-auth."""
    for path in ENDPOINTS:
        assert refused(ask(None, path, client_id="tax", client_secret=tax.client_secret), "invalid_client", 401)
        assert refused(ask(basic("poster", post_site.client_secret), path), "invalid_client", 401)
        assert refused(ask(None, path, client_id="tax"), "invalid_client", 401)
        assert refused(ask(None, path), "invalid_client", 401)


def test_whoever_has_the_secret_is_told_which_way_is_registered(tax, post_site, ask):
    told = ask(client_id="tax", client_secret=tax.client_secret).get_json()["error_description"]
    assert told == (
        "The secret is right, but it came by client_secret_post: this client is registered for client_secret_basic."
    )
    told = ask(basic("poster", post_site.client_secret)).get_json()["error_description"]
    assert told.endswith("this client is registered for client_secret_post.")


def test_nobody_else_learns_which_way_is_registered(tax, ask, services):
    answers = [ask(client_id="tax", client_secret="wrong"), ask(client_id="nobody", client_secret="wrong")]
    services.client_changes.stop("tax", actor="command:test", reason="test")
    answers.append(ask(client_id="tax", client_secret=tax.client_secret))
    assert len({answer.data for answer in answers}) == 1
    assert b"registered for" not in answers[0].data


def test_two_methods_at_once_are_refused(tax, post_site, ask):
    """OIDC-CORE-9-client-auth."""
    secret = tax.client_secret
    for fields in (
        {"client_id": "tax", "client_secret": secret},
        {"client_secret": secret},
        {"client_assertion": "a.b.c"},
    ):
        assert refused(ask(basic("tax", secret), **fields), "invalid_request")
    both = {"client_id": "poster", "client_secret": post_site.client_secret, "client_assertion": "e30.e30."}
    assert refused(ask(**both), "invalid_request")


def test_a_form_that_names_another_client_is_refused(tax, post_site, ask):
    assert refused(ask(basic("tax", tax.client_secret), client_id="poster"), "invalid_request")
    assert refused(ask(client_id="tax", client_secret=post_site.client_secret), "invalid_client", 401)


def test_secrets_in_the_address_are_not_looked_at(tax, client, issuer):
    """RFC6750-2-transport."""
    query = f"/token?grant_type=client_credentials&client_id=tax&client_secret={tax.client_secret}"
    assert refused(client.post(query, base_url=issuer), "invalid_request")


def test_an_old_secret_works_until_its_overlap_ends(tax, ask, services, clock):
    old = tax.client_secret
    new = services.registry.rotate_secret("tax", actor="command:test").secret.reveal()
    for secret in (old, new):
        assert ask(basic("tax", secret)).status_code == 200
    clock.advance(days=7)
    assert refused(ask(basic("tax", old)), "invalid_client", 401)
    assert ask(basic("tax", new)).status_code == 200


def test_a_suspended_client_may_do_nothing_and_its_old_tokens_stay_void(tax, visitor, ask, services, clock):
    """Rule P5: the emergency stop."""
    mine = ask(basic("tax", tax.client_secret)).get_json()["access_token"]
    tokens = visitor.tokens(tax, scope="openid offline_access")
    code = visitor.code(tax)
    clock.advance(1)
    services.registry.suspend("tax", actor="command:test")
    for path in ENDPOINTS:
        assert refused(ask(basic("tax", tax.client_secret), path), "invalid_client", 401)
    assert refused(tax.redeem(code), "invalid_client", 401)
    assert tax.userinfo(tokens["access_token"]).status_code == 401
    clock.advance(1)
    services.registry.resume("tax", actor="command:test")
    assert tax.post("/introspect", token=mine).get_json() == {"active": False}
    assert tax.post("/introspect", token=tokens["access_token"]).get_json() == {"active": False}
    assert tax.userinfo(tokens["access_token"]).status_code == 401
    clock.advance(1)
    fresh = ask(basic("tax", tax.client_secret)).get_json()["access_token"]
    assert tax.post("/introspect", token=fresh).get_json()["active"]


def test_a_registration_that_has_ended_is_as_good_as_suspended(new_relying_party, visitor, clock):
    """Rule P9: a guarded profile ends by itself."""
    site = new_relying_party("old", policy={"profile": "legacy-oidc", "ends_on": "2026-03-03"})
    code = visitor.visit(site, code_challenge=None, code_challenge_method=None).answer["code"]
    assert site.redeem(code, code_verifier=None).status_code == 200
    clock.advance(days=2)
    assert visitor.browser.get("/authorize?client_id=old&redirect_uri=" + quote(site.redirect_uri)).status == 400
    assert refused(site.redeem(code), "invalid_client", 401)


class TestPublicClients:
    @pytest.fixture
    def app_site(self, new_relying_party):
        return new_relying_party(
            "app",
            application_type="native",
            token_endpoint_auth_method="none",
            redirect_uris=["http://127.0.0.1/cb"],
        )

    def test_it_names_itself_and_proves_the_transaction(self, app_site, visitor):
        tokens = visitor.tokens(app_site)
        assert app_site.refresh(tokens["refresh_token"]).status_code == 200
        assert app_site.post("/revoke", token=tokens["access_token"]).status_code == 200
        assert app_site.userinfo(tokens["access_token"]).status_code == 401

    def test_it_cannot_do_without_the_proof_key(self, app_site, visitor):
        """RFC9700-2.1.1-pkce."""
        page = app_site.authorize(visitor.browser, code_challenge=None, code_challenge_method=None)
        assert page.answer["error"] == "invalid_request"
        assert refused(app_site.redeem(visitor.code(app_site), code_verifier=None), "invalid_grant")

    @pytest.mark.usefixtures("app_site")
    def test_it_has_no_secret_and_may_not_introspect_or_act_for_itself(self, ask):
        assert refused(ask(client_id="app", client_secret="x"), "invalid_client", 401)
        assert refused(ask(basic("app", "")), "invalid_client", 401)
        assert refused(ask(None, "/introspect", client_id="app"), "invalid_client", 401), "RFC7662-2.1-protected"
        assert refused(ask(client_id="app"), "unauthorized_client")


class TestTheLegacyProfile:
    """DEC-1-client-policy: no PKCE, but then none at either end (RFC9700-4.8.2)."""

    @pytest.fixture
    def old(self, new_relying_party):
        return new_relying_party("old", policy={"profile": "legacy-oidc"})

    def test_a_verifier_without_a_challenge_is_a_downgrade(self, old, visitor):
        """RFC9700-2.1.1-pkce-downgrade."""
        code = visitor.code(old, code_challenge=None, code_challenge_method=None)
        assert refused(old.redeem(code), "invalid_grant")
        assert refused(old.redeem(code, code_verifier=None), "invalid_grant"), "the code is burnt"

    def test_a_challenge_is_checked_when_it_is_sent(self, old, visitor):
        assert refused(old.redeem(visitor.code(old), code_verifier=None), "invalid_grant")
        assert old.redeem(visitor.code(old)).status_code == 200
        page = old.authorize(visitor.browser, code_challenge=None)
        assert page.answer["error"] == "invalid_request", "a method without a challenge is a mistake, not a legacy"


class TestTheGrantTypes:
    def test_a_client_uses_the_grant_types_of_its_registration(self, registration_factory, tax, ask):
        """RFC6749-5.2 unauthorized_client, unsupported_grant_type; RFC9700-2.4-no-ropc."""
        site = registration_factory("machine", **MACHINE)
        proof = basic("machine", site.client_secret)
        assert ask(proof).status_code == 200
        assert refused(ask(proof, grant_type="authorization_code", code="x"), "unauthorized_client")
        assert refused(ask(proof, grant_type="refresh_token", refresh_token="x"), "unauthorized_client")
        device_code = "urn:ietf:params:oauth:grant-type:device_code"
        assert refused(ask(proof, grant_type=device_code, device_code="x"), "unauthorized_client")
        for name in ("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "CLIENT_CREDENTIALS"):
            assert refused(ask(proof, grant_type=name), "unsupported_grant_type")
        assert refused(ask(proof, grant_type=""), "invalid_request")
        assert refused(tax.token(grant_type="authorization_code"), "invalid_request"), "the code is missing"

    def test_a_token_for_the_client_itself_says_so(self, registration_factory, ask, services):
        """RFC9700-4.15-client-vs-sub, RFC9068-2.2-claims."""
        site = registration_factory("machine", **(MACHINE | {"scope": "payments:read payments:write profile"}))
        proof = basic("machine", site.client_secret)
        answer = ask(proof, scope="payments:read")
        body = answer.get_json()
        assert answer.headers["Cache-Control"] == "no-store"
        assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
        claims = services.keyring.verify(body["access_token"], typ="at+jwt")
        assert (claims["sub"], claims["client_id"], claims["scope"]) == ("machine", "machine", "payments:read")
        assert claims["exp"] - claims["iat"] == body["expires_in"] == 600
        assert "scope" not in ask(proof, scope="  ").get_json()
        for scope in ("admin", "openid", "offline_access", "payments:read admin"):
            assert refused(ask(proof, scope=scope), "invalid_scope")


def test_what_is_refused_in_a_clients_name_is_counted_for_it_and_strangers_are_not(tax, ask, services):
    for _ in range(3):
        ask(basic("tax", "wrong"))
    ask(basic("tax", tax.client_secret), token=None, path="/introspect")
    ask(basic("tax", tax.client_secret))
    ask(basic("nobody", "wrong"))
    ask({"Authorization": "Basic ="})
    ask()
    services.protocol.tally.flush()
    counted = {
        (record.client_id, record.detail["call"]): record.detail["count"]
        for record in services.audit.export()
        if record.action == "client.calls"
    }
    assert counted == {("tax", "refused"): 4, ("tax", "client_credentials"): 1}
