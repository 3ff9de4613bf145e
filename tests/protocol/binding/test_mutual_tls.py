"""Clients and tokens known by their TLS certificate (RFC 8705), as a trusted proxy hands it over."""

import pytest

from tests.protocol.binding.proving import (
    CERTIFICATE_HEADER,
    MUTUAL_TLS,
    VERIFIED_HEADER,
    ClientCertificate,
    ProvingParty,
)
from tests.protocol.conftest import ALL_GRANTS, refused
from tests.support.relying_party import claims_of

SUBJECT = "CN=portal,O=Tax Bureau,C=CN"


@pytest.fixture
def setting_changes():
    return MUTUAL_TLS


@pytest.fixture(scope="module")
def certificate():
    return ClientCertificate(SUBJECT)


@pytest.fixture
def new_party(app, issuer, clock, registration_factory, certificate):
    """Register a site; it presents ``certificate`` and has no secret."""

    def make(client_id="tax", **changes):
        defaults = {"grant_types": ALL_GRANTS, "scope": "openid profile offline_access reports"}
        site = registration_factory(client_id, **(defaults | changes))
        party = ProvingParty(app, issuer, site.client_id, site.client_secret, site.redirect_uri)
        party.clock, party.certificate = clock, certificate
        return party

    return make


@pytest.fixture
def by_authority(new_party):
    return new_party(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=SUBJECT)


@pytest.fixture
def by_itself(new_party, certificate):
    return new_party("welfare", token_endpoint_auth_method="self_signed_tls_client_auth", jwks=certificate.jwks)


@pytest.fixture
def bound(new_party):
    return new_party("enterprise", tls_client_certificate_bound_access_tokens=True)


def ask(site):
    return site.token(grant_type="client_credentials")


# Authentication by a certificate of an authority


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("tls_client_auth_subject_dn", SUBJECT),
        ("tls_client_auth_subject_dn", "2.5.4.3=portal, 2.5.4.10=Tax\\20Bureau, C=CN".replace(", ", ",")),
        ("tls_client_auth_san_dns", "Portal.tax.example"),
        ("tls_client_auth_san_uri", "https://portal.tax.example/id"),
        ("tls_client_auth_san_ip", "192.0.2.7"),
        ("tls_client_auth_san_email", "portal@tax.example"),
    ],
)
def test_a_certificate_with_the_registered_name_authenticates(new_party, member, name):
    """RFC8705-2.1-tls-client-auth."""
    site = new_party(token_endpoint_auth_method="tls_client_auth", **{member: name})
    assert ask(site).status_code == 200


@pytest.mark.parametrize(
    ("member", "name"),
    [
        ("tls_client_auth_subject_dn", "CN=portal,O=Tax Bureau"),
        ("tls_client_auth_subject_dn", "C=CN,O=Tax Bureau,CN=portal"),
        ("tls_client_auth_subject_dn", "CN=other,O=Tax Bureau,C=CN"),
        ("tls_client_auth_san_dns", "tax.example"),
        ("tls_client_auth_san_dns", "portal@tax.example"),
        ("tls_client_auth_san_uri", "https://portal.tax.example/other"),
        ("tls_client_auth_san_ip", "192.0.2.8"),
        ("tls_client_auth_san_email", "portal.tax.example"),
    ],
)
def test_a_certificate_with_another_name_is_refused(new_party, member, name):
    """RFC8705-2.1-tls-client-auth."""
    site = new_party(token_endpoint_auth_method="tls_client_auth", **{member: name})
    assert refused(ask(site), "invalid_client", 401)


@pytest.mark.parametrize("verify", ["FAILED:unable to verify the first certificate", "NONE", "", "success", "SUCCESS,"])
def test_a_certificate_that_nobody_vouches_for_is_refused(by_authority, verify):
    """RFC8705-2.1-tls-client-auth."""
    by_authority.verify = verify
    assert refused(ask(by_authority), "invalid_client", 401)


def test_without_a_certificate_nobody_is_authenticated(by_authority, by_itself):
    """RFC8705-2.1-tls-client-auth, RFC8705-2.2-self-signed."""
    for site in (by_authority, by_itself):
        site.certificate = None
        assert refused(ask(site), "invalid_client", 401)


@pytest.mark.usefixtures("by_authority")
def test_the_client_id_is_required(certificate, app, issuer):
    """RFC8705-2.1-tls-client-auth: the certificate alone names nobody."""
    response = app.test_client().post(
        "/token", base_url=issuer, data={"grant_type": "client_credentials"}, headers=certificate.headers()
    )
    assert refused(response, "invalid_client", 401)


def test_a_certificate_does_not_replace_the_registered_method(new_party):
    """RFC8705-2.1-tls-client-auth."""
    site = new_party()
    site.client_secret = None
    assert refused(ask(site), "invalid_client", 401)


def test_a_certificate_beside_a_secret_is_the_secrets_client(new_party):
    """A client may hold bound tokens and authenticate otherwise (RFC 8705 §3)."""
    assert ask(new_party()).status_code == 200


def test_a_secret_of_a_client_that_registered_a_certificate_is_refused(by_authority):
    by_authority.client_secret = "guessed"
    assert refused(ask(by_authority), "invalid_client", 401)


# Authentication by a certificate of its own


def test_a_registered_certificate_authenticates_whoever_signed_it(by_itself):
    """RFC8705-2.2-self-signed."""
    by_itself.verify = "FAILED:self-signed certificate"
    assert ask(by_itself).status_code == 200


def test_another_certificate_with_the_same_name_is_refused(by_itself):
    """RFC8705-2.2-self-signed."""
    by_itself.certificate = ClientCertificate(SUBJECT)
    assert refused(ask(by_itself), "invalid_client", 401)


# Who may hand a certificate over


def test_a_forged_header_has_no_effect(by_authority, by_itself, bound, visitor):
    """RFC9700-4.13-proxy-headers, RFC8705-5-aliases: a header that no trusted proxy sent is not there."""
    for site in (by_authority, by_itself):
        site.peer = "203.0.113.5"
        assert refused(ask(site), "invalid_client", 401)
        site.peer = "127.0.0.1"
        assert ask(site).status_code == 200
    code = visitor.code(bound)
    bound.peer = "203.0.113.5"
    assert refused(bound.redeem(code), "invalid_request")


@pytest.mark.parametrize("setting_changes", [MUTUAL_TLS | {"IDP_TRUSTED_PROXIES": "10.0.0.0/8"}])
@pytest.mark.usefixtures("by_authority")
def test_a_forwarded_address_does_not_make_a_proxy(certificate, app, issuer):
    """RFC9700-4.13-proxy-headers."""
    response = app.test_client().post(
        "/token",
        base_url=issuer,
        data={"grant_type": "client_credentials", "client_id": "tax"},
        headers=certificate.headers() | {"X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1"},
    )
    assert refused(response, "invalid_client", 401)


@pytest.mark.parametrize("setting_changes", [{}])
def test_without_the_setting_no_header_is_read(new_party, client, issuer, certificate):
    """RFC9700-4.13-proxy-headers: neither a certificate nor a host or scheme."""
    site = new_party()
    headers = certificate.headers() | {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    document = client.get("/.well-known/openid-configuration", base_url=issuer, headers=headers).get_json()
    assert document["issuer"] == issuer
    assert document["token_endpoint"] == f"{issuer}/token"
    assert "mtls_endpoint_aliases" not in document
    assert not document["tls_client_certificate_bound_access_tokens"]
    assert not {"tls_client_auth", "self_signed_tls_client_auth"} & {*document["token_endpoint_auth_methods_supported"]}
    assert ask(site).get_json()["token_type"] == "Bearer"
    redirect = client.get("/my-account", base_url=issuer, headers=headers)
    assert "evil.example" not in redirect.headers.get("Location", "")


@pytest.mark.parametrize(
    "value", ["x", "%ZZ", "-----BEGIN CERTIFICATE-----%0A!!%0A-----END CERTIFICATE-----", "A" * 20_000]
)
@pytest.mark.usefixtures("by_authority")
def test_a_header_that_holds_no_certificate_is_refused(app, issuer, value):
    data = {"grant_type": "client_credentials", "client_id": "tax"}
    headers = {CERTIFICATE_HEADER: value, VERIFIED_HEADER: "SUCCESS"}
    assert refused(app.test_client().post("/token", base_url=issuer, data=data, headers=headers), "invalid_request")


@pytest.mark.usefixtures("by_authority")
def test_bytes_that_are_no_certificate_authenticate_nobody(app, issuer):
    data = {"grant_type": "client_credentials", "client_id": "tax"}
    headers = {
        CERTIFICATE_HEADER: "-----BEGIN CERTIFICATE-----%0AAAAA%0A-----END CERTIFICATE-----%0A",
        VERIFIED_HEADER: "SUCCESS",
    }
    assert refused(app.test_client().post("/token", base_url=issuer, data=data, headers=headers), "invalid_client", 401)


# Bound tokens


def test_a_token_is_bound_to_the_certificate(bound, visitor, certificate):
    """RFC8705-3-bound-token, RFC8705-3.1-cnf."""
    tokens = visitor.tokens(bound)
    token = tokens["access_token"]
    assert tokens["token_type"] == "Bearer"
    assert claims_of(token)["cnf"] == {"x5t#S256": certificate.thumbprint}
    assert bound.post("/introspect", token=token).get_json()["cnf"] == {"x5t#S256": certificate.thumbprint}
    assert bound.userinfo(token).status_code == 200
    assert claims_of(bound.refresh(tokens["refresh_token"]).get_json()["access_token"])["cnf"]


@pytest.mark.parametrize("other", [ClientCertificate(SUBJECT), None], ids=["another", "none"])
def test_a_bound_token_is_refused_with_another_certificate(bound, visitor, other):
    """RFC8705-3-bound-token."""
    token = visitor.tokens(bound)["access_token"]
    right, bound.certificate = bound.certificate, other
    response = bound.userinfo(token)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    bound.certificate = right
    bound.peer = "203.0.113.5"
    assert bound.userinfo(token).status_code == 401, "RFC9700-4.13-proxy-headers"


def test_a_client_that_registered_for_it_gets_no_plain_token(bound, visitor):
    """RFC8705-3-bound-token."""
    code = visitor.code(bound)
    right, bound.certificate = bound.certificate, None
    assert refused(bound.redeem(code), "invalid_request")
    bound.certificate = right
    assert bound.redeem(code).status_code == 200, "the code was not burnt"


def test_the_refresh_token_of_a_public_client_belongs_to_its_certificate(new_party, visitor):
    """RFC8705-3-bound-token (RFC 8705 §4)."""
    site = new_party(
        token_endpoint_auth_method="none",
        grant_types=["authorization_code", "refresh_token"],
        scope="openid offline_access",
        tls_client_certificate_bound_access_tokens=True,
    )
    token = visitor.tokens(site, scope="openid offline_access")["refresh_token"]
    right, site.certificate = site.certificate, ClientCertificate(SUBJECT)
    assert refused(site.refresh(token), "invalid_grant")
    site.certificate = right
    assert site.refresh(token).status_code == 200


def test_discovery_names_the_aliases_and_methods(client):
    """RFC8705-5-aliases."""
    document = client.get("/.well-known/oauth-authorization-server").get_json()
    aliases = document["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == "https://mtls.id.example/token"
    assert aliases["userinfo_endpoint"] == "https://mtls.id.example/userinfo"
    assert document["tls_client_certificate_bound_access_tokens"]
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= {*document["token_endpoint_auth_methods_supported"]}
