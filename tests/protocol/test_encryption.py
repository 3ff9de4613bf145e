"""Answers that are encrypted for the client: ID tokens, userinfo, JARM, introspection (OpenID Connect Core §16.14)."""

import json

import pytest
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from tests.protocol.conftest import refused
from tests.protocol.forgery import decoded, header_of
from tests.registry.conftest import tax as tax_registration
from tests.registry.test_rules import problems
from tests.support.relying_party import claims_of
from tests.support.signing_party import jwks_of, key_for

KEYS = {
    "EC": ECKey.generate_key("P-256", {"kid": "for-us", "use": "enc"}),
    "RSA": RSAKey.generate_key(2048, {"kid": "for-us", "use": "enc"}),
}
KEY_SETS = {
    kind: {"keys": [*jwks_of("ES256", "RS256", "EdDSA")["keys"], key.as_dict(private=False)]}
    for kind, key in KEYS.items()
}
PAIRS = [
    ("ECDH-ES", "A128GCM"),
    ("ECDH-ES", None),
    ("ECDH-ES+A128KW", "A256CBC-HS512"),
    ("ECDH-ES+A256KW", "A256GCM"),
    ("RSA-OAEP-256", "A256GCM"),
]


def members(what, alg="ECDH-ES", enc="A256GCM"):
    wanted = {f"{what}_encrypted_response_alg": alg, f"{what}_encrypted_response_enc": enc}
    return {name: value for name, value in wanted.items() if value is not None}


def opened(token, kind="EC"):
    """Return the signed token inside an encrypted one."""
    header = header_of(token)
    assert header["cty"] == "JWT"
    assert header["kid"] == "for-us"
    found = jwe.decrypt_compact(token, KEYS[kind], algorithms=[header["alg"], header["enc"]])
    assert found.plaintext is not None
    return found.plaintext.decode()


@pytest.mark.parametrize(("alg", "enc"), PAIRS)
@pytest.mark.only_on("sqlite")
def test_an_id_token_is_signed_and_then_encrypted(new_signing_party, visitor, services, alg, enc):
    """OIDC-CORE-2-idtoken-claims, encrypted; the default enc is A128CBC-HS256 (Registration §2)."""
    kind = "RSA" if alg.startswith("RSA") else "EC"
    bank = new_signing_party("bank", jwks=KEY_SETS[kind], **members("id_token", alg, enc))
    tokens = visitor.tokens(bank)
    assert header_of(tokens["id_token"])["enc"] == (enc or "A128CBC-HS256")
    assert header_of(tokens["id_token"])["alg"] == alg
    claims = services.keyring.verify(opened(tokens["id_token"], kind), typ="JWT")
    assert claims["aud"] == "bank"
    assert claims["nonce"] == bank.nonce
    refreshed = bank.refresh(visitor.tokens(bank, scope="openid")["refresh_token"])
    assert claims_of(opened(refreshed.get_json()["id_token"], kind))["sub"] == claims["sub"]


@pytest.mark.only_on("sqlite")
def test_nobody_else_can_read_it(new_signing_party, visitor):
    bank = new_signing_party("bank", jwks=KEY_SETS["EC"], **members("id_token"))
    token = visitor.tokens(bank)["id_token"]
    stranger = ECKey.generate_key("P-256", {"kid": "for-us", "use": "enc"})
    with pytest.raises(JoseError):
        jwe.decrypt_compact(token, stranger, algorithms=["ECDH-ES", "A256GCM"])


@pytest.mark.only_on("sqlite")
def test_userinfo_is_signed_and_then_encrypted(new_signing_party, visitor, services):
    """OIDC-CORE-5.3.2-response."""
    wanted = {"userinfo_signed_response_alg": "ES256", **members("userinfo")}
    bank = new_signing_party("bank", jwks=KEY_SETS["EC"], **wanted)
    tokens = visitor.tokens(bank)
    response = bank.userinfo(tokens["access_token"])
    assert response.mimetype == "application/jwt"
    claims = services.keyring.verify(opened(response.text), typ="JWT")
    assert claims["sub"] == claims_of(tokens["id_token"])["sub"]


@pytest.mark.only_on("sqlite")
def test_responses_and_introspection_are_signed_and_then_encrypted(new_signing_party, visitor, client, issuer):
    """FAPI2-MS-5.4-jarm, FAPI2-MS-5.5-introspection, encrypted."""
    wanted = {**members("authorization"), **members("introspection")}
    bank = new_signing_party("bank", jwks=KEY_SETS["EC"], **wanted)
    answer = visitor.visit(bank, response_mode="jwt").answer
    code = bank.read_response(opened(answer["response"]))["code"]
    access_token = bank.redeem(code).get_json()["access_token"]
    proof = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    told = client.post(
        "/introspect",
        base_url=issuer,
        data={"token": access_token, "client_assertion": bank.assertion(), **proof},
        headers={"Accept": "application/token-introspection+jwt"},
    )
    inner = opened(told.text)
    assert decoded(inner.split(".")[1])["token_introspection"]["active"]


BAD = [
    (members("id_token"), jwks_of("ES256"), "id_token_encrypted_response_alg"),
    (members("id_token", "RSA-OAEP-256"), KEY_SETS["EC"], "id_token_encrypted_response_alg"),
    (members("id_token"), None, "id_token_encrypted_response_alg"),
    (members("id_token", None), KEY_SETS["EC"], "id_token_encrypted_response_enc"),
    (members("id_token", "RSA1_5"), KEY_SETS["RSA"], "id_token_encrypted_response_alg"),
    (members("id_token", "dir"), KEY_SETS["RSA"], "id_token_encrypted_response_alg"),
    (members("id_token", enc="none"), KEY_SETS["EC"], "id_token_encrypted_response_enc"),
    (members("userinfo"), KEY_SETS["EC"], "userinfo_encrypted_response_alg"),
]


@pytest.mark.parametrize(("wanted", "jwks", "member"), BAD)
def test_a_registration_without_a_fitting_key_is_refused(wanted, jwks, member):
    """RFC7591-3.2.2: what could never be answered is said at once."""
    method = {"token_endpoint_auth_method": "private_key_jwt"} if jwks else {}
    assert member in problems(tax_registration(**method, **wanted, jwks=jwks))


class Bureau:
    """The server behind a jwks_uri."""

    def __init__(self):
        self.keys = jwks_of("ES256")

    def fetch(self, _url):
        return json.dumps(self.keys).encode()


@pytest.fixture
def bureau(services):
    """Let the provider fetch key sets from the bureau."""
    bureau = Bureau()
    keys = services.protocol._endpoint_parts.checks.client_keys  # noqa: SLF001 - the client's server is not there
    keys._fetch = bureau.fetch  # noqa: SLF001
    return bureau


@pytest.mark.only_on("sqlite")
def test_a_key_that_is_missing_at_the_jwks_uri_costs_nothing(new_signing_party, bureau, visitor, clock):
    """What is refused here claims nothing; once the client shows its key, all is well."""
    remote = {"jwks": None, "jwks_uri": "http://localhost:8001/jwks.json"}
    bank = new_signing_party("bank", **remote, **members("id_token"))
    code = visitor.code(bank)
    answer = bank.redeem(code)
    assert refused(answer, "temporarily_unavailable", 503)
    assert "use enc" in answer.get_json()["error_description"]
    bureau.keys = KEY_SETS["EC"]
    clock.advance(301)
    code = visitor.code(bank)
    assert claims_of(opened(bank.redeem(code).get_json()["id_token"]))["aud"] == "bank"


@pytest.mark.only_on("sqlite")
def test_an_answer_that_cannot_be_encrypted_is_not_sent_in_the_clear(new_signing_party, bureau, visitor):
    """JARM §2.2: refused on a page of ours."""
    remote = {"jwks": None, "jwks_uri": "http://localhost:8001/jwks.json"}
    bank = new_signing_party("bank", **remote, **members("authorization"))
    page = visitor.visit(bank, response_mode="jwt")
    assert not page.left_to
    assert "temporarily_unavailable" in page.source
    assert bureau.keys["keys"][0]["kid"] == key_for("ES256").kid


def test_the_algorithms_are_published(client):
    """OIDC-DISC-3-metadata."""
    metadata = client.get("/.well-known/openid-configuration").get_json()
    for what in ("id_token", "userinfo", "authorization", "introspection"):
        assert "ECDH-ES+A256KW" in metadata[f"{what}_encryption_alg_values_supported"]
        assert "RSA1_5" not in metadata[f"{what}_encryption_alg_values_supported"]
        assert "A256GCM" in metadata[f"{what}_encryption_enc_values_supported"]
