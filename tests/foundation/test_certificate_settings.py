"""Settings of mutual TLS and DPoP that would be unsafe or useless are refused at the start (RFC 8705 §6.5)."""

import pytest

from idp.foundation.errors import ConfigurationError
from idp.foundation.settings import load_settings
from tests.protocol.binding.proving import MUTUAL_TLS

NEEDED = {
    "IDP_ENVIRONMENT": "development",
    "IDP_ISSUER": "http://localhost:8000",
    "IDP_DATABASE_URL": "sqlite:///x.db",
    "IDP_KEYS_DIR": "keys",
}


def test_the_settings_of_the_shipped_proxy_configuration_are_accepted():
    assert load_settings(NEEDED | MUTUAL_TLS).mtls_origin == "https://mtls.id.example"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"IDP_TRUSTED_PROXIES": ""}, "needs IDP_TRUSTED_PROXIES"),
        ({"IDP_CLIENT_CERTIFICATE_HEADER": ""}, "need IDP_CLIENT_CERTIFICATE_HEADER"),
        ({"IDP_CLIENT_CERTIFICATE_HEADER": "X_SSL_Cert"}, "IDP_CLIENT_CERTIFICATE_HEADER"),
        ({"IDP_CLIENT_CERTIFICATE_VERIFIED_HEADER": "X SSL"}, "IDP_CLIENT_CERTIFICATE_VERIFIED_HEADER"),
        ({"IDP_MTLS_ORIGIN": "http://mtls.id.example"}, "https origin"),
        ({"IDP_MTLS_ORIGIN": "https://mtls.id.example/"}, "https origin"),
        ({"IDP_MTLS_ORIGIN": "https://mtls.id.example/path"}, "https origin"),
        ({"IDP_DPOP_PROOF_SECONDS": "3600"}, "IDP_DPOP_PROOF_SECONDS"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(changes, words):
    """RFC9700-4.13-proxy-headers: a certificate header without a trusted proxy would be anybody's."""
    with pytest.raises(ConfigurationError, match=words):
        load_settings(NEEDED | MUTUAL_TLS | changes)
