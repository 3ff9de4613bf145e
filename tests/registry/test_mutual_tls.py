"""What registrations say about DPoP and mutual TLS (RFC 9449 §5.2, RFC 8705 §2.1.2)."""

from dataclasses import replace

import pytest

from idp.registry.rules import check
from tests.protocol.binding.proving import ClientCertificate
from tests.registry.conftest import tax
from tests.registry.test_rules import EC_KEY, deployment, problems

WITH_PROXY = replace(deployment(), takes_certificates=True)
DN = {"tls_client_auth_subject_dn": "CN=portal,O=Tax Bureau,C=CN"}
BY_AUTHORITY = {"token_endpoint_auth_method": "tls_client_auth"}
BY_ITSELF = {"token_endpoint_auth_method": "self_signed_tls_client_auth"}


@pytest.mark.parametrize(
    "changes",
    [
        BY_AUTHORITY | DN,
        BY_AUTHORITY | {"tls_client_auth_san_ip": "2001:db8::1"},
        BY_ITSELF | {"jwks": ClientCertificate().jwks},
        BY_ITSELF | {"jwks_uri": "https://tax.gov.example/jwks"},
        {"tls_client_certificate_bound_access_tokens": True},
        {"dpop_bound_access_tokens": True, "policy": {"dpop_nonce_required": True}},
    ],
)
def test_good_registrations_are_accepted(changes):
    content = check(tax(**changes), WITH_PROXY)
    assert isinstance(content, dict), content
    assert check(content, WITH_PROXY) == content


@pytest.mark.parametrize(
    ("changes", "member", "words"),
    [
        (BY_AUTHORITY, "tls_client_auth_subject_dn", "exactly one"),
        (
            BY_AUTHORITY | DN | {"tls_client_auth_san_dns": "portal.tax.example"},
            "tls_client_auth_subject_dn",
            "exactly one",
        ),
        (BY_AUTHORITY | {"tls_client_auth_subject_dn": "portal"}, "tls_client_auth_subject_dn", "RFC 4514"),
        (BY_AUTHORITY | {"tls_client_auth_subject_dn": "XX=portal"}, "tls_client_auth_subject_dn", "RFC 4514"),
        (BY_AUTHORITY | {"tls_client_auth_san_ip": "portal"}, "tls_client_auth_san_ip", "IP address"),
        (BY_AUTHORITY | {"tls_client_auth_san_dns": 7}, "tls_client_auth_san_dns", "text"),
        (DN, "tls_client_auth_subject_dn", "does not go with"),
        (BY_ITSELF | {"jwks": {"keys": [EC_KEY]}}, "jwks", "x5c"),
        (BY_ITSELF | {"jwks": {"keys": [EC_KEY | {"x5c": ["AAAA"]}]}}, "jwks", "x5c"),
        (BY_ITSELF, "jwks", "is missing"),
        ({"dpop_bound_access_tokens": "yes"}, "dpop_bound_access_tokens", "true or false"),
        ({"tls_client_certificate_bound_access_tokens": 1}, "tls_client_certificate_bound_access_tokens", "true or"),
    ],
)
def test_a_registration_with_a_fault_is_refused(changes, member, words):
    """RFC8705-2.1-tls-client-auth: exactly one subject or alternative name."""
    assert words in problems(tax(**changes), WITH_PROXY)[member]


@pytest.mark.parametrize("changes", [BY_AUTHORITY | DN, {"tls_client_certificate_bound_access_tokens": True}])
def test_a_deployment_that_sees_no_certificates_refuses_them(changes):
    found = problems(tax(**changes), deployment())
    assert any("IDP_CLIENT_CERTIFICATE_HEADER" in words for words in found.values())
