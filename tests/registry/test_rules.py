"""Which registrations are accepted, and what is said about the others."""

# ruff: noqa: RUF001 - names that deceive are made of look-alikes

from datetime import date
from typing import Any

import pytest

from idp.foundation.outbound_http import AllowEntry, OutboundPolicy
from idp.registry.names import skeleton
from idp.registry.rules import Deployment, Problem, check
from tests.registry.conftest import tax, tax_in_production

RSA = "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw"  # noqa: E501
EC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}


def deployment(environment: str = "development", *, legacy: bool = False, allow: str = "") -> Deployment:
    entries = tuple(AllowEntry.parse(text) for text in allow.split(",") if text)
    outbound = OutboundPolicy(environment, entries, "id.gov.example", 443)
    return Deployment(environment, legacy_profile_allowed=legacy, outbound=outbound, today=date(2026, 3, 2))


def problems(registration: dict[str, Any], where: Deployment | None = None) -> dict[str, str]:
    outcome = check(registration, where or deployment())
    return {problem.member: problem.message for problem in outcome} if isinstance(outcome, tuple) else {}


def test_the_registration_of_the_contract_is_accepted_with_its_defaults_written_out():
    content = check(tax(), deployment())
    assert isinstance(content, dict)
    assert content["id_token_signed_response_alg"] == "ES256"
    assert content["response_types"] == ["code"]
    assert content["policy"]["sector"] == "tax-bureau"


def test_canonical_content_is_accepted_again_and_stays_the_same():
    content = check(tax(grant_types=["client_credentials"], scope=None), deployment())
    assert isinstance(content, dict)
    assert check(content, deployment()) == content


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("https://tax.gov.example/*", "wildcard"),
        ("https://*.gov.example/cb", "wildcard"),
        ("https://tax.gov.example/cb#here", "fragment"),
        ("https://user@tax.gov.example/cb", "user name"),
        ("https://tax.gov.example@evil.example/cb", "user name"),
        ("http://tax.gov.example/cb", "https://"),
        ("HTTPS://tax.gov.example/cb", "lower case"),
        ("https://Tax.gov.example/cb", "lower case"),
        ("https://tax.gov.example:443/cb", "default port"),
        ("https://tax.gov.example:x/cb", "valid URI"),
        ("https://tax.gov.example/a/../cb", "dot segments"),
        ("https://tax.gov.example/a//cb", "dot segments"),
        ("https://tax.gov.example/%2e%2e/cb", "encoded dots"),
        ("https://tax.gov.example/a%0d%0ab", "encoded dots"),
        ("https:///cb", "host"),
        ("https://tax_gov/cb", "host"),
        ("/callback", "scheme"),
        ("//tax.gov.example/cb", "scheme"),
        ("javascript:alert(1)", "https://"),
        ("data:text/html,x", "https://"),
        ("cn.gov.example.app:/cb", "https://"),
        ("https://tax.gov.example/办税", "ASCII"),
        ("https://tax.gov.example/a b", "ASCII"),
        ("https://tax.gov.example/a\x00b", "ASCII"),
        ("https://tax.gov.example\\@evil.example/cb", "ASCII"),
        ("", "ASCII"),
    ],
)
def test_redirect_uri_that_could_be_read_in_two_ways_is_refused(uri: str, words: str):
    """RFC9700-2.1-redirect-exact, RFC9700-4.1.3-countermeasures, RFC9700-2.6-e2e-tls-metadata, RFC7591-3.2.2."""
    outcome = check(tax(redirect_uris=[uri]), deployment())
    assert isinstance(outcome, tuple)
    assert [problem.error for problem in outcome] == ["invalid_redirect_uri"]
    assert words in outcome[0].message


@pytest.mark.parametrize(
    ("uri", "environment", "application_type", "is_accepted"),
    [
        ("http://localhost:8001/cb", "development", "web", True),
        ("http://127.0.0.1:8001/cb", "development", "web", True),
        ("http://localhost:8001/cb", "production", "web", False),
        ("http://127.0.0.1/cb", "production", "web", False),
        ("http://127.0.0.1/cb", "production", "native", True),
        ("http://[::1]/cb", "production", "native", True),
        ("http://localhost/cb", "production", "native", False),
        ("cn.gov.example.app:/cb", "production", "native", True),
        ("myapp:/cb", "production", "native", False),
        ("cn.gov.example.app://host/cb", "production", "native", False),
        ("https://tax.gov.example/cb?tenant=1", "production", "web", True),
    ],
)
def test_loopback_and_private_schemes_are_for_development_and_native_applications(
    uri: str, environment: str, application_type: str, is_accepted: bool
):
    """RFC9700-2.1-redirect-exact."""
    registration = tax_in_production(
        redirect_uris=[uri],
        application_type=application_type,
        token_endpoint_auth_method="none" if application_type == "native" else "client_secret_basic",
        backchannel_logout_uri=None,
        policy={"environment": environment},
    )
    assert ("redirect_uris" not in problems(registration, deployment(environment))) is is_accepted


def test_unknown_member_is_refused_with_the_name_that_was_meant():
    found = problems(tax(redirect_uri=["https://a.example/"], policy={"min_arc": "x"}))
    assert found["redirect_uri"] == "is not known; did you mean redirect_uris?"
    assert found["policy.min_arc"] == "is not known; did you mean policy.min_acr?"


def test_member_at_the_wrong_level_is_told_where_it_belongs():
    found = problems(tax(min_acr="urn:idp:acr:aal1", policy={"scope": "openid"}))
    assert found["min_acr"] == "is known, but belongs under [policy]"
    assert found["policy.scope"] == "is known, but belongs at the top level, not under [policy]"


def test_every_problem_is_named_at_once():
    found = problems(
        tax(redirect_uris=["https://a.example/*"], scope="openid offline_access", grant_types=["authorization_code"])
    )
    assert set(found) == {"redirect_uris", "scope"}


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"userinfo_signed_response_alg": "HS256"}, "userinfo_signed_response_alg"),
        ({"response_types": ["token"]}, "response_types"),
        ({"response_types": ["code", "id_token"]}, "response_types"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": ["refresh_token"], "response_types": []}, "grant_types"),
        (
            {"token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "client_credentials"]},
            "grant_types",
        ),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"jwks": {"keys": [EC_KEY]}, "jwks_uri": "https://tax.gov.example/jwks"}, "jwks_uri"),
        ({"scope": "profile"}, "scope"),
        ({"scope": "openid  profile"}, "scope"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"client_id": "../tax"}, "client_id"),
        ({"client_id": "ta\x00x"}, "client_id"),
        ({"policy": {"min_acr": "aal2"}}, "policy.min_acr"),
        ({"policy": {"account_kinds": ["robot"]}}, "policy.account_kinds"),
        ({"policy": {"consent": "statutory"}}, "policy.legal_basis"),
        ({"policy": {"sector": "Tax Bureau"}}, "policy.sector"),
        ({"policy": {"cors_origins": ["https://a.example/path"]}}, "policy.cors_origins"),
        ({"policy": {"ends_on": "2026-03-01"}}, "policy.ends_on"),
        ({"application_type": "native"}, "token_endpoint_auth_method"),
        ({"default_max_age": -1}, "default_max_age"),
        ({"policy": {"environment": "production"}}, "policy.environment"),
    ],
)
def test_bad_metadata_is_refused_at_its_member(changes: dict[str, Any], member: str):
    """RFC7591-2-metadata, RFC7591-3.2.2, RFC9700-2.1.2-no-implicit, RFC9700-2.4-no-ropc."""
    outcome = check(tax(**changes), deployment())
    assert isinstance(outcome, tuple)
    assert member in {problem.member for problem in outcome}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ({"kty": "RSA", "n": RSA[:171], "e": "AQAB"}, "RSA needs 2048"),
        ({"kty": "RSA", "n": RSA, "e": "Aw"}, "exponent"),
        ({"kty": "RSA", "n": RSA, "e": "AQAAAAAAAAAB"}, "exponent"),
        ({"kty": "RSA", "n": RSA, "e": "AQAB", "d": "AQAB"}, "private"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "private"),
        ({"kty": "EC", "crv": "P-192", "x": "AQ", "y": "AQ"}, "P-256"),
        ({"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}, "length"),
        ({"kty": "OKP", "crv": "X25519", "x": EC_KEY["x"]}, "Ed25519"),
        ({"kty": "RSA", "e": "AQAB"}, "lacks"),
        ({"kty": "RSA", "n": 5, "e": "AQAB"}, "base64url"),
        ({**EC_KEY, "use": "enc"}, "sig"),
        ({}, "kty"),
    ],
)
def test_weak_private_or_unknown_client_keys_are_refused(key: dict[str, Any], words: str):
    registration = tax(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]})
    assert words in problems(registration)["jwks"]


@pytest.mark.parametrize(
    "key", [EC_KEY, {"kty": "RSA", "n": RSA, "e": "AQAB"}, {"kty": "OKP", "crv": "Ed25519", "x": EC_KEY["x"]}]
)
def test_strong_public_client_keys_are_accepted(key: dict[str, Any]):
    assert problems(tax(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]})) == {}


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"policy": {"min_acr": "urn:idp:acr:aal2"}}, "policy.min_acr"),
        ({"scope": "openid offline_access"}, "scope"),
        ({"policy": {"ends_on": None}}, "policy.ends_on"),
    ],
)
def test_legacy_profile_is_guarded(changes: dict[str, Any], member: str):
    """Rule P9."""
    policy = {"profile": "legacy-oidc", "ends_on": "2027-12-31"} | changes.pop("policy", {})
    registration = tax_in_production(**changes, policy=policy)
    assert member in problems(registration, deployment("production", legacy=True))


def test_legacy_profile_needs_a_switch_in_production_and_none_elsewhere():
    registration = tax_in_production(policy={"profile": "legacy-oidc", "ends_on": "2027-12-31"})
    assert "policy.profile" in problems(registration, deployment("production"))
    assert problems(registration, deployment("production", legacy=True)) == {}
    assert problems(tax(policy={"profile": "legacy-oidc"})) == {}


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("http://tax.gov.example/bcl", "https://"),
        ("https://127.0.0.1/bcl", "loopback"),
        ("https://[::ffff:10.0.0.1]/bcl", "private"),
        ("https://169.254.169.254/bcl", "link-local"),
        ("https://intranet/bcl", "private network"),
        ("https://tax.internal/bcl", "private network"),
        ("https://id.gov.example/bcl", "this service itself"),
    ],
)
def test_logout_receiver_on_a_private_address_is_refused_outside_development(uri: str, words: str):
    """OIDC-BCL-ssrf, OIDC-BCL-2.1-metadata."""
    found = problems(tax_in_production(backchannel_logout_uri=uri), deployment("production"))
    assert words in found["backchannel_logout_uri"]


def test_logout_receiver_on_a_listed_private_address_is_accepted():
    """OIDC-BCL-ssrf."""
    registration = tax_in_production(backchannel_logout_uri="https://10.1.2.3:8443/bcl")
    assert problems(registration, deployment("production", allow="10.1.2.3:8443=10.0.0.0/8")) == {}
    assert problems(registration, deployment("production", allow="10.1.2.3:443=10.0.0.0/8")) != {}


def test_secret_in_a_file_and_demonstration_clients_are_for_development_only():
    """Rule O1."""
    registration = tax_in_production(client_secret="s3cret", policy={"demonstration": True})
    assert set(problems(registration, deployment("production"))) == {"client_secret", "policy.demonstration"}
    assert problems(tax(client_secret="s3cret", policy={"demonstration": True})) == {}


@pytest.mark.parametrize(
    "name",
    [
        "",
        " tax",
        "ta\u202ex",
        "tax\u200b",
        "tax\n",
        "A\u030a",
        "…",
        "x" * 61,
        "统一身份认证平台",
        "Unified ldentity Provider",
        *(f"Tax{blank}" for blank in "\u3164\u115f\u1160\uffa0\u034f\ufe0f\u2800\u17b4\U000e0100\u180b"),
    ],
)
def test_deceiving_names_are_refused(name: str):
    """Rule A8."""
    assert "client_name" in problems(tax(client_name=name))


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("エ商局", "工商局"),
        ("人ロ普查", "人口普查"),
        ("国家稅务总局", "国家税务总局"),
        ("士地局", "土地局"),
        ("入民政府", "人民政府"),
        ("中囯海关", "中国海关"),
        ("ᴛᴀx", "Tax"),
        ("ꓔꓮꓫ", "TAX"),
        ("Ꭲax", "Tax"),
        ("Тах", "Tax"),
        ("ｔａｘ", "tax"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(name: str, seen: str):
    """Rule A8: the register refuses a name whose skeleton another service holds."""
    assert skeleton(name) == skeleton(seen)


@pytest.mark.parametrize(("one", "other"), [("税务局", "民政局"), ("一网通办", "二网通办"), ("tax", "taxi")])
def test_names_that_differ_keep_apart(one: str, other: str):
    assert skeleton(one) != skeleton(other)


def test_problem_reads_as_member_and_sentence():
    assert str(Problem("scope", "is missing")) == "scope: is missing"


def test_a_tenant_is_an_agency_or_an_organization_and_needs_a_client_that_acts_for_itself():
    """Rule A7."""
    for tenant in ("customs", "91350100M000100Y43"):
        registration = tax(grant_types=["authorization_code", "client_credentials"])
        registration["policy"]["scim_tenant"] = tenant
        assert problems(registration) == {}
        assert "policy.scim_tenant" in problems(registration | {"grant_types": ["authorization_code"]})
    for tenant in ("Customs Bureau", "91350100M000100Y44", "", 7):
        registration["policy"]["scim_tenant"] = tenant
        assert "policy.scim_tenant" in problems(registration)
