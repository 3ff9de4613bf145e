"""The metadata documents and the key set: true, cacheable, the same for everybody (OIDC Discovery, RFC 8414)."""

import orjson
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from idp.foundation.settings import load_settings
from idp.protocol.client_auth import CLIENT_AUTH_METHODS
from idp.protocol.endpoints import ENDPOINTS
from idp.protocol.grant_types import GRANT_TYPES
from idp.protocol.metadata import provider_metadata
from tests.factories import numbers
from tests.protocol.conftest import refused

pytestmark = pytest.mark.only_on("sqlite")

PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


@pytest.fixture
def metadata(client, issuer):
    return client.get(PATHS[0], base_url=issuer).get_json()


def test_the_document_is_valid_for_an_https_issuer(tmp_path):
    """OIDC-DISC-3-metadata, RFC8414-2-members, checked by Authlib's own rules."""
    settings = load_settings(
        {
            "IDP_ENVIRONMENT": "production",
            "IDP_ISSUER": "https://id.example.gov.cn",
            "IDP_DATABASE_URL": "sqlite:///unused.db",
            "IDP_KEYS_DIR": str(tmp_path),
        }
    )
    document = orjson.loads(orjson.dumps(provider_metadata(settings)))
    OpenIDProviderMetadata(document).validate()
    AuthorizationServerMetadata(document).validate()
    urls = {name: value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))}
    assert all(url.startswith("https://id.example.gov.cn/") for url in urls.values())


def test_both_documents_say_the_same_and_name_the_issuer(client, issuer, metadata):
    """OIDC-DISC-4.1-path, OIDC-DISC-4.2-json, OIDC-DISC-4.3-issuer, RFC8414-3-path, RFC8414-3.3-issuer."""
    answers = [client.get(path, base_url=issuer) for path in PATHS]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert {answer.mimetype for answer in answers} == {"application/json"}
    assert answers[0].data == answers[1].data
    assert metadata["issuer"] == issuer


def test_a_forged_host_changes_nothing(client, issuer):
    """OIDC-DISC-4.2-json, RFC9700-4.13-proxy-headers."""
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    for path in (*PATHS, "/jwks.json"):
        plain = client.get(path, base_url=issuer)
        for host in ("evil.example", "evil.example:1", "[::1", "x" * 300, "a b"):
            other = client.get(path, headers=forged, environ_overrides={"HTTP_HOST": host, "SERVER_NAME": host})
            assert (other.data, other.headers["ETag"]) == (plain.data, plain.headers["ETag"])
    for path in ("/authorize?client_id=tax&prompt=none", "/login", "//login", "/token"):
        other = client.get(path, headers=forged, environ_overrides={"HTTP_HOST": "evil.example"})
        assert other.status_code < 500
        assert "evil.example" not in other.text + str(other.headers)


def test_everything_it_names_answers(client, issuer, metadata):
    """OIDC-DISC-3-metadata: truthful."""
    endpoints = {name: url for name, url in metadata.items() if name.endswith("_endpoint") or name == "jwks_uri"}
    machines = {endpoint.metadata_member: endpoint for endpoint in ENDPOINTS if endpoint.metadata_member}
    assert {"authorization_endpoint", "end_session_endpoint", "jwks_uri"} | machines.keys() == endpoints.keys()
    for name, url in endpoints.items():
        assert url.startswith(issuer + "/")
        method = "POST" if name in machines and "GET" not in machines[name].methods else "GET"
        status = client.open(url.removeprefix(issuer), method=method, base_url=issuer).status_code
        assert status in {200, 303, 400, 401}, (name, status)


def test_every_scope_and_claim_it_lists_can_be_had(metadata, new_relying_party, visitor_of, account_factory, services):
    scopes = metadata["scopes_supported"]
    site = new_relying_party("all", grant_types=["authorization_code", "refresh_token"], scope=" ".join(scopes))
    known = {"phone": "13800138000", "email": "a@example.cn", "address": "海州市", "id_number": numbers.id_number()}
    person = account_factory(kind="enterprise", **known)
    firm = services.accounts.memberships(person.account_id)[0]
    tokens = visitor_of(person, organization_id=firm.organization_id).tokens(site, scope=" ".join(scopes))
    assert set(tokens["scope"].split()) == set(scopes)
    info = site.userinfo(tokens["access_token"]).get_json()
    told = info.keys() | services.keyring.verify(tokens["id_token"], typ="JWT").keys()
    missing = set(metadata["claims_supported"]) - told
    assert missing <= {"locale"}, "only a preference that nobody has stated"


def test_the_lists_are_those_of_the_code(metadata, tax, visitor, client, issuer, services):
    """RFC9700-2.1.1-pkce-metadata, RFC9207-2.3-metadata, OIDC-BCL-2.1-metadata, OIDC-RPLOGOUT-2.1-metadata,
    OIDC-CORE-15.1-mandatory.
    """
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["grant_types_supported"] == [grant.name for grant in GRANT_TYPES]
    assert metadata["token_endpoint_auth_methods_supported"] == [
        method.name for method in CLIENT_AUTH_METHODS if method.is_offered(services.settings)
    ]
    assert "none" not in metadata["introspection_endpoint_auth_methods_supported"]
    assert "RS256" in metadata["id_token_signing_alg_values_supported"]
    assert "none" not in metadata["id_token_signing_alg_values_supported"]
    assert set(metadata["id_token_signing_alg_values_supported"]) == {
        key["alg"] for key in client.get("/jwks.json", base_url=issuer).get_json()["keys"]
    }
    for flag in (
        "claims_parameter_supported",
        "authorization_response_iss_parameter_supported",
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
    ):
        assert metadata[flag] is True
    for grant in metadata["grant_types_supported"]:
        assert not refused_as_unknown(tax.token(grant_type=grant))
    for mode in metadata["response_modes_supported"]:
        page = visitor.visit(tax, response_mode=mode)
        assert (
            {"code", "response"} & page.answer.keys()
            or 'name="code"' in page.source
            or 'name="response"' in page.source
        )
    for prompt in metadata["prompt_values_supported"]:
        assert tax.authorize(visitor.browser, prompt=prompt).answer.get("error") is None
    assert metadata["request_uri_parameter_supported"] is False
    assert metadata["request_parameter_supported"] is True
    assert tax.authorize(visitor.browser, request="x").answer["error"] == "invalid_request_object"


def refused_as_unknown(response):
    return response.status_code == 400 and response.get_json()["error"] == "unsupported_grant_type"


def test_only_public_keys_are_published_each_under_its_own_name(client, issuer):
    """FAPI2-SP-5.4.2-jwks."""
    keys = client.get("/jwks.json", base_url=issuer).get_json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    assert all({"kty", "kid", "alg", "use"} <= key.keys() for key in keys)
    assert not any({"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys() for key in keys)


class TestCaching:
    DOCUMENTS = (*PATHS, "/jwks.json")

    def test_a_cache_that_has_it_gets_nothing_new(self, client, issuer):
        for path in self.DOCUMENTS:
            first = client.get(path, base_url=issuer)
            tag = first.headers["ETag"]
            assert first.headers["Cache-Control"] == "public, max-age=300"
            assert first.headers["Access-Control-Allow-Origin"] == "*"
            for condition in (tag, f"W/{tag}", f'"x", {tag}', f'"x",W/{tag} '):
                again = client.get(path, base_url=issuer, headers={"If-None-Match": condition})
                assert (again.status_code, again.data) == (304, b""), condition
                assert again.headers["ETag"] == tag
                assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
            for condition in ('"x"', tag.strip('"'), "", ",", tag[:-2] + '"'):
                assert client.get(path, base_url=issuer, headers={"If-None-Match": condition}).status_code == 200

    def test_a_head_has_the_headers_of_a_get_and_nobody_writes(self, client, issuer):
        for path in self.DOCUMENTS:
            get, head = client.get(path, base_url=issuer), client.head(path, base_url=issuer)
            assert head.data == b""
            assert head.headers["Content-Length"] == str(len(get.data))
            assert head.headers["ETag"] == get.headers["ETag"]
            for method in ("POST", "PUT", "DELETE", "OPTIONS"):
                answer = client.open(path, method=method, base_url=issuer)
                assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD"), method

    def test_a_page_of_any_origin_may_ask_whether_it_may_read_it(self, client, issuer):
        """A library in a browser that adds a header of its own sends a preflight first (Fetch standard)."""
        asking = {"Origin": "https://spa.example", "Access-Control-Request-Method": "GET"}
        for path in self.DOCUMENTS:
            answer = client.options(path, base_url=issuer, headers=asking)
            assert answer.status_code == 204
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
            assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_rotation_changes_the_key_set_and_its_tag(client, issuer, tax, visitor, services, clock):
    """OIDC-CORE-10.1.1-key-rotation, as departments see it."""
    before = client.get("/jwks.json", base_url=issuer)
    old = visitor.tokens(tax)["id_token"]
    for _ in range(3):
        clock.advance(days=90)
        services.keyring.tick()
    after = client.get("/jwks.json", base_url=issuer)
    assert after.headers["ETag"] != before.headers["ETag"]
    kids = [{key["kid"] for key in answer.get_json()["keys"]} for answer in (before, after)]
    assert kids[0] < kids[1], "a new key is published before anything is signed with it"
    assert services.keyring.verify(old, typ="JWT")["aud"] == "tax"
    assert refused(tax.redeem("x"), "invalid_grant")
