"""The userinfo endpoint from the outside (OpenID Connect Core §5.3, RFC 6750, RFC 9068 §4)."""

import pytest

from tests.protocol.conftest import refused
from tests.protocol.forgery import changed, header_of, unsigned
from tests.support.relying_party import claims_of

ISSUER = "http://localhost:8000"


@pytest.fixture
def ask(client, issuer):
    """Ask with any header, form or query."""

    def ask(token=None, *, method="GET", form=None, query="", **headers):
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return client.open(f"/userinfo{query}", method=method, base_url=issuer, data=form, headers=headers)

    return ask


def invalid(response):
    assert response.status_code == 401
    assert response.get_json()["error"] == "invalid_token"
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert response.headers["Cache-Control"] == "no-store"
    return True


class TestTransport:
    pytestmark = pytest.mark.only_on("sqlite")

    def test_the_token_travels_in_the_header_or_the_form(self, tax, visitor, ask):
        """OIDC-CORE-5.3.1-methods, RFC6750-2-transport."""
        token = visitor.tokens(tax)["access_token"]
        get = ask(token)
        assert get.status_code == 200
        assert get.mimetype == "application/json"
        assert get.headers["Cache-Control"] == "no-store"
        assert ask(token, method="POST").get_json() == get.get_json()
        assert ask(method="POST", form={"access_token": token}).get_json() == get.get_json()
        assert ask(Authorization=f"bEARER {token}").status_code == 200

    def test_never_in_the_address_and_never_twice(self, tax, visitor, ask):
        token = visitor.tokens(tax)["access_token"]
        for answer in (
            ask(query=f"?access_token={token}"),
            ask(token, query=f"?access_token={token}"),
            ask(token, method="POST", form={"access_token": token}),
        ):
            assert answer.status_code == 400
            assert answer.get_json()["error"] == "invalid_request"
            assert token not in answer.text

    def test_without_a_token_there_is_a_bare_challenge(self, tax, ask):
        """OIDC-CORE-5.3.3-errors."""
        for answer in (
            ask(),
            ask(method="POST"),
            ask(Authorization="Bearer"),
            ask(Authorization="Bearer "),
            ask(Authorization=f"Basic {tax.client_secret}"),
        ):
            assert (answer.status_code, answer.data) == (401, b"")
            challenge = answer.headers["WWW-Authenticate"]
            assert challenge.startswith('Bearer realm="userinfo", resource_metadata="')
            assert "error" not in challenge


class TestTokens:
    """RFC9068-4-validation, RFC9068-5-cross-jwt: everything that is no access token of ours, for us, now."""

    pytestmark = pytest.mark.only_on("sqlite")

    def test_other_kinds_of_tokens_are_refused(self, tax, visitor, ask, services):
        tokens = visitor.tokens(tax)
        claims = claims_of(tokens["access_token"])
        for typ in ("JWT", "jwt", "logout+jwt", "application/at+jwt", "AT+JWT"):
            assert invalid(ask(services.keyring.sign(claims, typ=typ)))
        assert invalid(ask(tokens["id_token"]))
        assert invalid(ask(tokens["refresh_token"]))
        mine = tax.token(grant_type="client_credentials").get_json()["access_token"]
        assert invalid(ask(mine)), "RFC9700-4.15-client-vs-sub"

    def test_tokens_for_elsewhere_and_altered_ones_are_refused(self, tax, visitor, ask, services):
        token = visitor.tokens(tax)["access_token"]
        claims = claims_of(token)
        for change in ({"iss": "https://evil.example"}, {"aud": "tax"}, {"aud": [ISSUER]}, {"exp": 1}):
            assert invalid(ask(services.keyring.sign(claims | change, typ="at+jwt"))), change
        kids = [key["kid"] for key in services.keyring.jwks()["keys"]]
        head, body, signature = token.split(".")
        for forged in (
            changed(token, sub="somebody else"),
            changed(token, scope="openid profile email phone"),
            changed(token, {"typ": "JWT"}),
            *(changed(token, {"kid": kid}) for kid in [*kids, "none"] if kid != header_of(token)["kid"]),
            *(changed(token, {"alg": alg}) for alg in ("RS256", "HS256", "none", "ES384")),
            changed(token, {"jku": "https://evil.example"}),
            unsigned(token),
            f"{head}.{body}",
            f"{head}.{body}.{signature}A",
            f"{head}..{signature}",
            "x" * 70_000,
            "ü",
        ):
            assert invalid(ask(forged.encode().decode("latin-1"))), forged[:200]
        assert ask(token).status_code == 200

    def test_a_token_of_another_grant_shows_only_its_own_person(self, tax, visitor, visitor_of, account_factory, ask):
        other = visitor_of(account_factory(name="李四"))
        one, two = visitor.tokens(tax), other.tokens(tax)
        assert ask(one["access_token"]).get_json()["name"] == "张小明"
        assert ask(two["access_token"]).get_json()["name"] == "李四"
        assert ask(one["access_token"]).get_json()["sub"] == claims_of(one["id_token"])["sub"]

    def test_it_ends_after_ten_minutes(self, tax, visitor, ask, clock):
        token = visitor.tokens(tax)["access_token"]
        clock.advance(599)
        assert ask(token).status_code == 200
        clock.advance(1)
        assert invalid(ask(token))


def test_a_lock_and_a_logout_are_seen_at_once(tax, welfare, visitor, services):
    """SESS-account-disable, SESS-global-logout; rule P5."""
    token = visitor.tokens(tax)["access_token"]
    other = visitor.tokens(welfare)["access_token"]
    services.sessions.leave(services.sessions.load(visitor.browser.cookie("idp_session")), "tax")
    assert tax.userinfo(token).status_code == 401
    assert welfare.userinfo(other).status_code == 200
    services.accounts.lock(visitor.account_id, reason="test", actor="command:test")
    assert welfare.userinfo(other).status_code == 401
    services.accounts.unlock(visitor.account_id, reason="test", actor="command:test")
    assert welfare.userinfo(other).status_code == 200


def test_a_signed_answer_says_who_and_for_whom(new_relying_party, visitor, services):
    """OIDC-CORE-5.3.2-response."""
    for alg in ("ES256", "RS256", "EdDSA"):
        site = new_relying_party(f"site-{alg.lower()}", userinfo_signed_response_alg=alg)
        tokens = visitor.tokens(site)
        answer = site.userinfo(tokens["access_token"])
        assert answer.mimetype == "application/jwt"
        assert answer.headers["Cache-Control"] == "no-store"
        claims = services.keyring.verify(answer.text, typ="JWT")
        assert header_of(answer.text)["alg"] == alg
        assert (claims["iss"], claims["aud"]) == (ISSUER, site.client_id)
        assert claims["sub"] == claims_of(tokens["id_token"])["sub"]
        assert claims["name"] == "张小明"
        assert site.userinfo(answer.text).status_code == 401, "RFC9068-5-cross-jwt"


@pytest.mark.only_on("sqlite")
class TestCrossOrigin:
    """Which pages may read what (Fetch standard); no answer ever goes with cookies."""

    def test_any_page_that_holds_a_token_may_read_userinfo(self, tax, visitor, ask):
        token = visitor.tokens(tax)["access_token"]
        for answer in (ask(token, Origin="https://spa.example"), ask("x", Origin="https://spa.example")):
            assert answer.headers["Access-Control-Allow-Origin"] == "https://spa.example"
            assert answer.headers["Vary"] == "Origin"
            assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Access-Control-Allow-Origin" not in ask(token).headers

    def test_other_endpoints_open_to_registered_origins_only(self, new_relying_party, client, issuer):
        new_relying_party(
            "spa",
            token_endpoint_auth_method="none",
            policy={"cors_origins": ["http://localhost:8009"]},
        )
        for path in ("/token", "/revoke"):
            for origin, is_open in (
                ("http://localhost:8009", True),
                ("http://localhost:80090", False),
                ("https://evil.example", False),
                ("null", False),
            ):
                form = {"client_id": "spa", "grant_type": "authorization_code", "code": "x", "token": "x"}
                answer = client.post(path, base_url=issuer, data=form, headers={"Origin": origin})
                assert answer.headers.get("Access-Control-Allow-Origin") == (origin if is_open else None)
                assert "Access-Control-Allow-Credentials" not in answer.headers

    def test_a_preflight_allows_what_the_endpoint_takes(self, client, issuer):
        for path, methods in (("/token", "POST"), ("/userinfo", "GET, POST"), ("/revoke", "POST")):
            answer = client.options(path, base_url=issuer, headers={"Origin": "https://spa.example"})
            assert (answer.status_code, answer.data) == (204, b"")
            assert answer.headers["Access-Control-Allow-Methods"] == methods
            assert "Access-Control-Allow-Credentials" not in answer.headers
        for path in ("/introspect", "/authorize", "/end_session"):
            answer = client.options(path, base_url=issuer, headers={"Origin": "https://spa.example"})
            assert "Access-Control-Allow-Origin" not in answer.headers

    def test_other_methods_are_not_allowed(self, client, issuer):
        for path, methods in (("/token", "POST"), ("/introspect", "POST"), ("/userinfo", "GET, POST")):
            answer = client.put(path, base_url=issuer)
            assert refused(answer, "invalid_request", 405)
            assert answer.headers["Allow"] == methods
