"""Which registrations fit the profile fapi2 (FAPI 2.0 Security Profile, Message Signing)."""

from dataclasses import replace

import pytest

from idp.registry.client import Standing, client_of
from idp.registry.fapi2 import FAPI2_ALGORITHMS
from idp.registry.rules import check
from tests.registry.conftest import tax, tax_in_production
from tests.registry.test_rules import EC_KEY, deployment, problems

POLICY = {"profile": "fapi2"}
KEYS = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [EC_KEY]}}
BOUND = {"dpop_bound_access_tokens": True}


def bank(**changes):
    policy = POLICY | changes.pop("policy", {})
    return tax(**(KEYS | BOUND | changes), policy=policy)


def client(registration):
    content = check(registration, replace(deployment(), takes_certificates=True))
    assert isinstance(content, dict), content
    standing = Standing(
        version_id=None,
        version=1,
        state="active",
        not_before=None,
        is_demonstration=False,
        agency_name="",
        agency_name_en="",
        secrets=(),
    )
    return client_of(content, standing)


def test_a_confidential_client_with_a_key_fits():
    """FAPI2-SP-5.3.2.1-3-confidential, FAPI2-SP-5.3.2.1-6-client-auth."""
    assert problems(bank()) == {}
    found = client(bank())
    assert found.is_fapi2
    assert found.require_pushed_authorization_requests
    assert found.dpop_bound_access_tokens
    assert not found.require_signed_request_object
    assert not found.require_signed_response


def test_certificates_may_bind_its_tokens_instead_of_dpop():
    """FAPI2-SP-5.3.2.1-4-bound."""
    found = client(bank(dpop_bound_access_tokens=None, tls_client_certificate_bound_access_tokens=True))
    assert found.tls_client_certificate_bound_access_tokens
    assert not found.dpop_bound_access_tokens


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"token_endpoint_auth_method": "none", "jwks": None}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_signing_alg": "RS256"}, "token_endpoint_auth_signing_alg"),
        ({"request_object_signing_alg": "RS256"}, "request_object_signing_alg"),
        ({"request_object_signing_alg": "none"}, "request_object_signing_alg"),
        ({"authorization_signed_response_alg": "RS256"}, "authorization_signed_response_alg"),
        ({"authorization_signed_response_alg": "none"}, "authorization_signed_response_alg"),
        ({"id_token_signed_response_alg": "RS256"}, "id_token_signed_response_alg"),
        ({"userinfo_signed_response_alg": "RS256"}, "userinfo_signed_response_alg"),
        ({"dpop_bound_access_tokens": False}, "dpop_bound_access_tokens"),
        ({"require_pushed_authorization_requests": False}, "require_pushed_authorization_requests"),
        ({"require_pushed_authorization_requests": "yes"}, "require_pushed_authorization_requests"),
        ({"dpop_bound_access_tokens": None}, "dpop_bound_access_tokens"),
        ({"application_type": "native", "redirect_uris": ["cn.gov.example.app:/cb"]}, "redirect_uris"),
        (
            {"require_signed_request_object": False, "policy": {"message_signing": True}},
            "require_signed_request_object",
        ),
    ],
)
def test_what_the_profile_forbids_is_refused(changes, member):
    """FAPI2-SP-5.3.2.1-3-confidential, FAPI2-SP-5.4.1-alg, FAPI2-SP-5.3.2.2-3-par-only, FAPI2-SP-5.3.2.2-8-https."""
    assert member in problems(bank(**changes))


def test_tokens_are_bound_to_a_key_or_to_a_certificate():
    """FAPI2-SP-5.3.2.1-4-bound, FAPI2-SP-5.3.2.1-5-method."""
    certificate = bank(dpop_bound_access_tokens=None, tls_client_certificate_bound_access_tokens=True)
    assert "dpop_bound_access_tokens" not in problems(certificate)


def test_addresses_are_https_but_for_loopback_in_development():
    """FAPI2-SP-5.3.2.2-8-https."""
    plain = tax_in_production(**KEYS, **BOUND, policy=POLICY, redirect_uris=["http://tax.gov.example/callback"])
    assert "redirect_uris" in problems(plain, deployment("production"))
    loopback = tax_in_production(**KEYS, **BOUND, policy=POLICY, redirect_uris=["http://localhost:8001/callback"])
    assert "redirect_uris" in problems(loopback, deployment("production"))
    assert problems(tax_in_production(**KEYS, **BOUND, policy=POLICY), deployment("production")) == {}


def test_weak_keys_are_refused():
    """FAPI2-SP-5.4.1-keysize."""
    weak = {"kty": "RSA", "n": "s" * 171, "e": "AQAB"}
    assert "jwks" in problems(bank(jwks={"keys": [weak]}))


def test_message_signing_belongs_to_the_profile():
    """FAPI2-MS-5.3.1-signed-request, FAPI2-MS-5.4-jarm."""
    assert "policy.message_signing" in problems(tax(**KEYS, policy={"message_signing": True}))
    found = client(bank(policy={"message_signing": True}))
    assert found.require_signed_request_object
    assert found.require_signed_response


def test_other_profiles_may_ask_for_the_same_one_by_one():
    """RFC9126-6-client-flag; RFC 9101 §10.5."""
    found = client(tax(require_pushed_authorization_requests=True))
    assert found.require_pushed_authorization_requests
    assert not found.is_fapi2
    assert "require_signed_request_object" in problems(tax(require_signed_request_object=True)), "it has no keys"
    assert client(tax(**KEYS, require_signed_request_object=True)).require_signed_request_object
    assert client(tax(**KEYS, request_object_signing_alg="RS256")).request_object_signing_alg == "RS256"


def test_answers_are_signed_as_id_tokens_are_unless_registered_otherwise():
    """JARM §3."""
    assert client(tax(id_token_signed_response_alg="PS256")).authorization_signed_response_alg == "PS256"
    assert client(tax(authorization_signed_response_alg="EdDSA")).authorization_signed_response_alg == "EdDSA"


def test_none_and_shared_secrets_are_no_algorithms_of_the_profile():
    """FAPI2-SP-5.4.1-alg."""
    assert set(FAPI2_ALGORITHMS) == {"PS256", "ES256", "EdDSA"}
