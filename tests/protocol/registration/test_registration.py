"""Clients that register themselves (RFC 7591, rule P9)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.registry.conftest import PRODUCTION
from tests.staff.conftest import new_officer, officer, two_approve
from tests.support.racing import together
from tests.support.relying_party import RelyingParty

__all__ = ["new_officer", "officer", "two_approve"]


@pytest.fixture
def citizen(account_factory):
    return account_factory()


def content_of(services: Any, client_id: str) -> dict[str, Any]:
    detail = services.registry.show(client_id)
    content: dict[str, Any] = detail.content or detail.draft
    return content


def test_registration_answers_with_all_registered_values(newcomer, services):
    """RFC7591-3.2.1: 201, the values in force, the secret and when it ends, and how to manage the client."""
    answer = newcomer.register(client_uri="https://app.example.org/", contacts=["admin@example.org"])
    assert answer["client_id"].startswith("dyn-")
    assert answer["client_id_issued_at"] == int(services.clock.now().timestamp())
    assert len(answer["client_secret"]) == 43
    assert answer["client_secret_expires_at"] == 0
    assert answer["redirect_uris"] == ["https://app.example.org/callback"]
    assert answer["token_endpoint_auth_method"] == "client_secret_basic"
    assert answer["grant_types"] == ["authorization_code"]
    assert answer["response_types"] == ["code"]
    assert answer["id_token_signed_response_alg"] == "RS256"
    assert answer["contacts"] == ["admin@example.org"]
    assert answer["registration_client_uri"].startswith(f"{services.settings.issuer}/register")
    assert "policy" not in answer


def test_registered_client_signs_people_in_at_once_in_development(app, issuer, newcomer, browser, citizen):
    """RFC7591-3.2.1, RFC7591-5-untrusted: it works, and people are told that nobody has checked it."""
    answer = newcomer.register()
    site = RelyingParty(app, issuer, answer["client_id"], answer["client_secret"], answer["redirect_uris"][0])
    page = site.authorize(browser)
    page = browser.sign_in(citizen.username, citizen.password)
    assert page.has("consent-allow")
    assert page.has("unverified")
    page = browser.submit("consent-allow")
    assert site.redeem(page.answer["code"]).status_code == 200


def test_verified_client_is_not_marked(app, newcomer, services, registration_factory, browser, citizen):
    site = registration_factory("tax")
    party = RelyingParty(app, services.settings.issuer, site.client_id, site.client_secret, site.redirect_uri)
    party.authorize(browser)
    page = browser.sign_in(citizen.username, citizen.password)
    assert page.has("consent-allow")
    assert not page.has("unverified")
    assert not services.registry.get("tax").is_unverified
    assert services.registry.get(newcomer.register()["client_id"]).is_unverified


@pytest.mark.parametrize("token", [None, "wrong", "x" * 5000])
def test_nobody_registers_without_an_initial_access_token(newcomer, token):
    """RFC7591-3.2.2: open registration is off."""
    response = newcomer.post(token)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_initial_access_token_is_counted_and_expires(newcomer, services, clock):
    """RFC7591-3.2.2: what is refused costs no use; used up or too old, the token is worth nothing."""
    issued = services.initial_tokens.issue("new-bureau", uses=2, lifetime=timedelta(hours=1), actor="command:officer")
    newcomer.initial_token = issued.token.reveal()
    assert newcomer.post(redirect_uris=["http://app.example.org/"]).status_code == 400
    assert newcomer.post(client_name="One").status_code == 201
    assert newcomer.post(client_name="Two").status_code == 201
    assert newcomer.post(client_name="Three").status_code == 401
    late = services.initial_tokens.issue("new-bureau", uses=2, lifetime=timedelta(hours=1), actor="command:officer")
    clock.advance(3601)
    assert newcomer.post(late.token.reveal()).status_code == 401


def test_staff_may_admit_clients_that_cannot_use_pkce_until_the_token_ends(newcomer, services, clock, browser):
    """DEC-1-client-policy: the conformance suite's Basic plan registers its client and sends no PKCE."""
    issued = services.initial_tokens.issue(
        "suite", profile="legacy-oidc", uses=1, lifetime=timedelta(days=7), actor="command:officer"
    )
    newcomer.initial_token = issued.token.reveal()
    client_id = newcomer.register(grant_types=["authorization_code", "refresh_token"])["client_id"]
    client = services.registry.get(client_id)
    assert client.is_legacy
    assert client.is_active(clock.now())
    assert not client.is_active(clock.now() + timedelta(days=9))
    page = browser.get(
        "/authorize",
        response_type="code",
        client_id=client_id,
        scope="openid",
        redirect_uri="https://app.example.org/callback",
    )
    assert page.path == "/login"
    assert newcomer.update(client_name="Renamed").status_code == 200
    assert services.registry.get(client_id).is_legacy


def test_a_token_revoked_after_it_was_looked_up_registers_nothing(services, initial_token):
    """The use is claimed by the condition, not by the look (rule 3)."""
    permission = services.initial_tokens.find(initial_token)
    assert services.initial_tokens.revoke(permission.id, actor="command:officer", reason="leaked")
    assert not services.initial_tokens.spend(permission)
    assert services.initial_tokens.find(initial_token) is None
    assert not services.initial_tokens.revoke(permission.id, actor="command:officer", reason="again")


def test_of_many_uses_and_a_revocation_at_once_none_comes_after_it(services, initial_token):
    permission = services.initial_tokens.find(initial_token)
    tokens = services.initial_tokens
    outcomes = together(
        [
            lambda: tokens.revoke(permission.id, actor="command:officer", reason="leaked"),
            *[lambda: tokens.spend(permission) for _ in range(4)],
        ]
    )
    assert outcomes[0]
    (line,) = tokens.list()
    assert (line.state, line.uses_left) == ("revoked", 5 - sum(outcomes[1:]))


def test_initial_access_token_is_kept_as_a_digest(initial_token, services):
    with services.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM initial_access_token").all()
    assert initial_token not in str(rows)
    assert initial_token not in str(services.audit.export())


BAD = [
    ({"redirect_uris": ["http://app.example.org/callback"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["https://app.example.org/callback#part"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["https://*.example.org/callback"]}, "invalid_redirect_uri"),
    ({"redirect_uris": []}, "invalid_redirect_uri"),
    ({"redirect_uris": None}, "invalid_redirect_uri"),
    ({"redirect_uris": "https://app.example.org/callback"}, "invalid_redirect_uri"),
    ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
    ({"grant_types": ["password"]}, "invalid_client_metadata"),
    ({"response_types": ["code id_token"]}, "invalid_client_metadata"),
    ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
    ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
    ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
    ({"id_token_signed_response_alg": "HS256"}, "invalid_client_metadata"),
    ({"jwks": {"keys": []}}, "invalid_client_metadata"),
    ({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, "invalid_client_metadata"),
    ({"jwks_uri": "https://169.254.169.254/keys"}, "invalid_client_metadata"),
    ({"backchannel_logout_uri": "https://10.0.0.1/logout"}, "invalid_client_metadata"),
    ({"frontchannel_logout_uri": "https://elsewhere.example/logout"}, "invalid_client_metadata"),
    ({"scope": "openid ssf.manage"}, "invalid_client_metadata"),
    ({"scope": "openid x\ny"}, "invalid_client_metadata"),
    ({"client_name": "统一身份认证平台"}, "invalid_client_metadata"),
    ({"client_name": "a\u202eb"}, "invalid_client_metadata"),
    ({"client_uri": "https://elsewhere.example/"}, "invalid_client_metadata"),
    ({"policy_uri": "https://elsewhere.example/privacy"}, "invalid_client_metadata"),
    ({"tos_uri": "javascript:alert(1)"}, "invalid_client_metadata"),
    ({"subject_type": "shared"}, "invalid_client_metadata"),
    ({"contacts": "admin@example.org"}, "invalid_client_metadata"),
    ({"software_statement": "no jwt"}, "invalid_software_statement"),
    ({"software_statement": 7}, "invalid_software_statement"),
    ({"software_statement": "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL3gifQ.AA"}, "unapproved_software_statement"),
]


@pytest.mark.parametrize(("metadata", "error"), BAD)
def test_bad_metadata_is_refused(newcomer, metadata, error):
    """RFC7591-2-metadata, RFC7591-3.2.2, OIDC-FCL-2-iframe."""
    response = newcomer.post(**metadata)
    assert (response.status_code, response.get_json()["error"]) == (400, error), response.text
    assert set(response.get_json()) == {"error", "error_description"}
    assert response.headers["Cache-Control"] == "no-store"


def test_jwks_and_jwks_uri_are_never_both_taken(newcomer, services):
    """RFC7591-2-metadata."""
    keys = {"keys": services.keyring.jwks()["keys"][:1]}
    response = newcomer.post(jwks=keys, jwks_uri="https://app.example.org/keys")
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'"x"'])
def test_body_that_is_no_object_is_refused(newcomer, app, body):
    headers = {"Authorization": f"Bearer {newcomer.initial_token}", "Content-Type": "application/json"}
    response = app.test_client().post("/register", data=body, headers=headers)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_form_is_not_taken_for_json(newcomer, app):
    headers = {"Authorization": f"Bearer {newcomer.initial_token}"}
    assert app.test_client().post("/register", data={"client_name": "x"}, headers=headers).status_code == 400


def test_client_cannot_set_policy(newcomer, services):
    """P9: sector, min_acr, statutory basis, legacy, environment and agency are not the client's; unknown is ignored."""
    policy = {
        "sector": "tax-bureau",
        "agency": "tax-bureau",
        "min_acr": "urn:idp:acr:aal1",
        "consent": "statutory",
        "legal_basis": "x",
        "profile": "legacy-oidc",
        "account_kinds": ["staff"],
        "environment": "production",
        "demonstration": True,
    }
    answer = newcomer.register(
        policy=policy, logo_uri="https://169.254.169.254/logo", client_id="tax", client_secret="s", **policy
    )
    stored = content_of(services, answer["client_id"])
    assert stored["policy"] == {
        "agency": "new-bureau",
        "environment": "development",
        "sector": "host.app.example.org",
        "account_kinds": ["citizen"],
        "consent": "required",
        "min_acr": "urn:idp:acr:aal1",
        "profile": "standard",
    }
    assert answer["client_secret"] != "s"
    assert "logo_uri" not in answer


def test_clients_of_one_host_share_a_sector_and_no_agencys(newcomer, services):
    """OIDC Core §8.1: the sector is the host, and never that of a department."""
    sectors = [
        content_of(services, newcomer.register(client_name=name, redirect_uris=[uri])["client_id"])["policy"]["sector"]
        for name, uri in (
            ("One", "https://a.example.org/x"),
            ("Two", "https://a.example.org/y"),
            ("Three", "https://tax-bureau.example.org/"),
            ("Four", "http://localhost:9001/callback"),
            ("Five", "http://localhost:9001/callback"),
        )
    ]
    assert sectors[0] == sectors[1] == "host.a.example.org"
    assert len(set(sectors)) == 4


def test_several_hosts_need_a_sector_identifier(newcomer):
    hosts = ["https://a.example.org/callback", "https://b.example.org/callback"]
    assert newcomer.post(redirect_uris=hosts).get_json()["error"] == "invalid_client_metadata"
    assert newcomer.post(redirect_uris=hosts, subject_type="public").status_code == 201


@pytest.mark.parametrize("uri", ["http://localhost:9/uris", "https://127.0.0.1/uris", "https://10.0.0.1/uris", "x"])
def test_sector_identifier_is_fetched_by_the_guarded_client_only(newcomer, uri):
    """P11: no way into a private network."""
    response = newcomer.post(sector_identifier_uri=uri)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")


def test_name_of_a_known_service_is_refused(newcomer, registration_factory):
    """A8: nobody passes for a department; two strangers of one name are told apart."""
    registration_factory("tax")
    assert newcomer.post(client_name="Tax 0nline").get_json()["error"] == "invalid_client_metadata"
    names = {newcomer.register(client_name="Probe")["client_name"] for _ in range(2)}
    assert len(names) == 2


class TestProduction:
    """P9: outside development and the sandbox a registration is a draft."""

    @pytest.fixture
    def setting_changes(self):
        return PRODUCTION

    def test_registration_works_only_once_staff_have_approved_it(self, newcomer, services, two_approve):
        answer = newcomer.register()
        client_id = answer["client_id"]
        assert services.registry.get(client_id) is None
        refused = newcomer.call("POST", "/register", {}, None)
        assert refused.status_code == 401
        assert services.registry.show(client_id).published_version is None
        two_approve(client_id)
        assert not services.registry.get(client_id).is_unverified

    def test_update_is_a_draft_beside_what_is_in_force(self, newcomer, services, two_approve):
        """RFC7592-2.2-update."""
        client_id = newcomer.register()["client_id"]
        two_approve(client_id)
        answer = newcomer.update(redirect_uris=["https://app.example.org/other"])
        assert answer.status_code == 200
        assert answer.get_json()["redirect_uris"] == ["https://app.example.org/other"]
        assert services.registry.get(client_id).redirect_uris == ("https://app.example.org/callback",)
        assert not services.registry.get(client_id).is_unverified
        two_approve(client_id)
        assert services.registry.get(client_id).redirect_uris == ("https://app.example.org/other",)


class TestSandbox:
    """P9: the sandbox puts it into force at once, marked."""

    @pytest.fixture
    def setting_changes(self):
        return {"IDP_ENVIRONMENT": "sandbox", "IDP_ISSUER": "https://id.gov.example"}

    def test_registration_and_update_are_in_force_at_once(self, newcomer, services):
        client_id = newcomer.register()["client_id"]
        assert services.registry.get(client_id).is_unverified
        assert newcomer.update(redirect_uris=["https://app.example.org/other"]).status_code == 200
        assert services.registry.get(client_id).redirect_uris == ("https://app.example.org/other",)
