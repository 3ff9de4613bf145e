"""Discovery: OpenID Connect Discovery 1.0 §3 and RFC 8414 §2, one document derived from the tuples of this package."""

from typing import Any

from idp.foundation.settings import Settings
from idp.protocol.authorization_details import AUTHORIZATION_DETAILS_TYPES
from idp.protocol.binding.proof import PROOF_ALGORITHMS
from idp.protocol.checks.acr import acr_values_supported
from idp.protocol.checks.pkce import CODE_CHALLENGE_METHODS
from idp.protocol.checks.prompt import PROMPTS
from idp.protocol.checks.request_object import REQUEST_OBJECT_ALGORITHMS
from idp.protocol.checks.response_type import RESPONSE_TYPES
from idp.protocol.claims import CLAIMS, PROTOCOL_CLAIMS, SCOPES
from idp.protocol.client_auth import CLIENT_AUTH_METHODS
from idp.protocol.client_auth.private_key_jwt import ASSERTION_ALGORITHMS
from idp.protocol.endpoints import ENDPOINTS
from idp.protocol.grant_types import GRANT_TYPES
from idp.protocol.response_modes import RESPONSE_MODES
from idp.protocol.tokens.access_token import own_audiences
from idp.registry.encryption import ENCODINGS, ENCRYPTABLE, KEY_KINDS

SIGNING_ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA")
UI_LOCALES = ("zh-Hans", "en")


def provider_metadata(settings: Settings) -> dict[str, Any]:
    """Return the metadata of this deployment; both well-known documents serve it."""
    issuer = settings.issuer
    methods = [method.name for method in CLIENT_AUTH_METHODS if method.is_offered(settings)]
    confidential = [name for name in methods if name != "none"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "end_session_endpoint": f"{issuer}/end_session",
        "jwks_uri": f"{issuer}/jwks.json",
        **{endpoint.metadata_member: issuer + endpoint.path for endpoint in ENDPOINTS if endpoint.metadata_member},
        "scopes_supported": list(SCOPES),
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": [mode.name for mode in RESPONSE_MODES],
        "grant_types_supported": [grant.name for grant in GRANT_TYPES],
        "acr_values_supported": list(acr_values_supported(settings)),
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "userinfo_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        **{f"{what}_encryption_alg_values_supported": list(KEY_KINDS) for what in ENCRYPTABLE},
        **{f"{what}_encryption_enc_values_supported": list(ENCODINGS) for what in ENCRYPTABLE},
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": bool(settings.client_certificate_header),
        **_mtls_aliases(settings),
        "introspection_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "authorization_details_types_supported": [known.name for known in AUTHORIZATION_DETAILS_TYPES],
        "protected_resources": list(own_audiences(issuer)),
        "code_challenge_methods_supported": list(CODE_CHALLENGE_METHODS),
        "prompt_values_supported": list(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_supported": [*PROTOCOL_CLAIMS, *CLAIMS],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "request_object_signing_alg_values_supported": list(REQUEST_OBJECT_ALGORITHMS),
        "require_signed_request_object": False,
        "require_pushed_authorization_requests": False,
        "authorization_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "ui_locales_supported": list(UI_LOCALES),
        "display_values_supported": ["page"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
    }


def _mtls_aliases(settings: Settings) -> dict[str, Any]:
    """Return where the endpoints ask for a client certificate (RFC 8705 §5)."""
    if not settings.mtls_origin:
        return {}
    named = [(endpoint.metadata_member, endpoint.path) for endpoint in ENDPOINTS if endpoint.metadata_member]
    aliases = {member: settings.mtls_origin + path for member, path in named}
    return {"mtls_endpoint_aliases": aliases}
