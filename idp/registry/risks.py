"""What makes a change of a registration risky, in a few words for the list of those who decide: where answers go, who
may ask in the service's name, what it may learn, how it is protected. Pure; the whole difference stands on the page of
the request.
"""

from collections.abc import Mapping
from typing import Any, Final

from idp.foundation.translation import marked
from idp.registry.views import differences

NEW: Final = marked("New service")
RISKS: Final[Mapping[str, frozenset[str]]] = {
    marked("Addresses"): frozenset(
        {"redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "frontchannel_logout_uri"}
        | {"sector_identifier_uri", "policy.cors_origins"}
    ),
    marked("Keys and authentication"): frozenset(
        {"jwks", "jwks_uri", "token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "client_secret"}
        | {"tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri"}
        | {"tls_client_auth_san_ip", "tls_client_auth_san_email"}
    ),
    marked("What it may ask for"): frozenset(
        {"scope", "grant_types", "authorization_details_types", "policy.consent", "policy.legal_basis"}
        | {"policy.account_kinds", "policy.scim_tenant", "policy.sector", "subject_type"}
        | {"policy.resources", "policy.resource_identifiers", "policy.exchange_to"}
    ),
    marked("Protection"): frozenset(
        {"policy.profile", "policy.min_acr", "policy.min_ial", "dpop_bound_access_tokens"}
        | {"require_pushed_authorization_requests", "require_signed_request_object"}
        | {"tls_client_certificate_bound_access_tokens", "policy.message_signing", "policy.dpop_nonce_required"}
        | {"response_types", "id_token_signed_response_alg"}
    ),
}


def risks(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is risky in a content beside the one in force, in the order of ``RISKS``."""
    if before is None:
        return (NEW,)
    changed = {change.member for change in differences(dict(before), dict(after))}
    return tuple(text for text, members in RISKS.items() if members & changed)
