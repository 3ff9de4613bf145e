"""What a resource server and its callers can find out (RFC 9728), and signed introspection (RFC 9701)."""

import base64

import pytest

from tests.support.relying_party import claims_of

WELL_KNOWN = "/.well-known/oauth-protected-resource"
SIGNED = "application/token-introspection+jwt"


def get(client, issuer, path, **headers):
    return client.get(path, base_url=issuer, headers=headers)


@pytest.mark.parametrize("path", ["", "/userinfo"])
def test_the_document_names_the_resource_asked_for(client, issuer, path):
    """RFC9728-3.1-path, RFC9728-3.3-resource."""
    response = get(client, issuer, WELL_KNOWN + path)
    document = response.get_json()
    assert response.content_type == "application/json"
    assert document["resource"] == issuer + path
    assert document["authorization_servers"] == [issuer]
    needed = {"ssf.manage", "ssf.read", "scim"} if path == "" else set()
    assert {"ssf.manage", "ssf.read", "scim"} & set(document["scopes_supported"]) == needed


def test_there_is_no_document_for_what_is_no_resource(client, issuer):
    """RFC9728-3.1-path."""
    assert get(client, issuer, f"{WELL_KNOWN}/account").status_code == 404


def test_the_provider_lists_its_resources(client, issuer):
    """RFC9728-4-as-list."""
    document = get(client, issuer, "/.well-known/oauth-authorization-server").get_json()
    assert document["protected_resources"] == [issuer, f"{issuer}/userinfo"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}])
def test_a_refused_caller_is_told_where_the_metadata_is(client, issuer, headers):
    """RFC9728-5.1-challenge."""
    response = get(client, issuer, "/userinfo", **headers)
    assert response.status_code == 401
    address = f"{issuer}{WELL_KNOWN}/userinfo"
    assert f'resource_metadata="{address}"' in response.headers["WWW-Authenticate"]
    assert get(client, issuer, address.removeprefix(issuer)).get_json()["resource"] == f"{issuer}/userinfo"


def test_a_token_for_userinfo_alone_opens_it(tax, visitor, issuer):
    """RFC8707-2-resource with the resource of RFC 9728."""
    tokens = visitor.tokens(tax, resource=f"{issuer}/userinfo")
    assert claims_of(tokens["access_token"])["aud"] == f"{issuer}/userinfo"
    assert tax.userinfo(tokens["access_token"]).status_code == 200


def introspect(client, issuer, site, token, accept):
    pair = base64.b64encode(f"{site.client_id}:{site.client_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}", "Accept": accept}
    return client.post("/introspect", base_url=issuer, data={"token": token}, headers=headers)


@pytest.mark.parametrize("accept", [SIGNED, f"text/html;q=0.1, {SIGNED.upper()};q=0.9"])
def test_an_introspection_is_signed_for_who_asks_for_it(client, issuer, tax, visitor, services, accept):
    """FAPI2-MS-5.5-introspection: RFC 9701 §5."""
    token = visitor.tokens(tax)["access_token"]
    response = introspect(client, issuer, tax, token, accept)
    assert response.content_type == SIGNED
    assert response.headers["Cache-Control"] == "no-store"
    claims = services.keyring.verify(response.text, typ="token-introspection+jwt")
    assert set(claims) == {"iss", "aud", "iat", "token_introspection"}
    assert (claims["iss"], claims["aud"]) == (issuer, "tax")
    assert claims["token_introspection"]["active"] is True


def test_a_signed_introspection_of_a_strange_token_says_nothing_more(client, issuer, tax, services):
    """RFC7662-2.2-active."""
    claims = services.keyring.verify(introspect(client, issuer, tax, "x", SIGNED).text, typ="token-introspection+jwt")
    assert claims["token_introspection"] == {"active": False}


def test_a_signed_introspection_passes_for_no_token(client, issuer, tax, visitor):
    """RFC8725-3.11-typ: its type is its own."""
    signed = introspect(client, issuer, tax, visitor.tokens(tax)["access_token"], SIGNED).text
    assert tax.userinfo(signed).status_code == 401
    assert tax.post("/introspect", token=signed).get_json() == {"active": False}


@pytest.mark.parametrize("accept", ["", "*/*", "application/json"])
def test_an_introspection_is_plain_otherwise(client, issuer, tax, visitor, accept):
    """RFC7662-2.2-active."""
    response = introspect(client, issuer, tax, visitor.tokens(tax)["access_token"], accept)
    assert response.content_type == "application/json"
    assert response.get_json()["active"] is True


def test_a_registration_chooses_the_algorithm(client, issuer, new_relying_party):
    site = new_relying_party("other", introspection_signed_response_alg="ES256")
    signed = introspect(client, issuer, site, "x", SIGNED).text
    header = signed.split(".")[0]
    assert b'"ES256"' in base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))
