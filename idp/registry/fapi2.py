"""What the profile ``fapi2`` asks of a registration (FAPI 2.0 Security Profile §5.3.2 and §5.4, Message Signing §5).
Pure.

A client of this profile is confidential, proves itself by a key, pushes every request, signs with strong algorithms
only, and its access tokens are bound to its key or certificate; ``message_signing`` adds signed requests and answers.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from idp.foundation.translation import said

PROFILE = "fapi2"
FAPI2_ALGORITHMS = ("ES256", "PS256", "EdDSA")
FAPI2_AUTH_METHODS = ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")
_BINDING_MEMBERS = ("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens")
_ALGORITHM_MEMBERS = (
    "authorization_signed_response_alg",
    "id_token_signed_response_alg",
    "request_object_signing_alg",
    "token_endpoint_auth_signing_alg",
    "userinfo_signed_response_alg",
)


def problems_of_fapi2(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each member that does not fit the profile, and why."""
    policy = content["policy"]
    if policy["profile"] == PROFILE:
        yield from _problems_of_profile(content)
        if policy.get("message_signing"):
            yield from _problems_of_message_signing(content)
    elif policy.get("message_signing"):
        yield "policy.message_signing", said("goes with policy.profile fapi2 only")


def _problems_of_profile(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if content["token_endpoint_auth_method"] not in FAPI2_AUTH_METHODS:
        yield (
            "token_endpoint_auth_method",
            said("must be one of %(names)s for fapi2 (§5.3.2.1)", names=", ".join(FAPI2_AUTH_METHODS)),
        )
    for member in _ALGORITHM_MEMBERS:
        if content.get(member, FAPI2_ALGORITHMS[0]) not in FAPI2_ALGORITHMS:
            yield member, said("must be one of %(names)s for fapi2 (§5.4.1)", names=", ".join(FAPI2_ALGORITHMS))
    for uri in content["redirect_uris"]:
        # Whether http is admitted at all, on loopback, the rules of addresses have decided.
        if not uri.startswith(("https://", "http://")):
            yield "redirect_uris", said("%(uri)s must begin with https:// for fapi2 (§5.3.2.2)", uri=repr(uri))
    if content.get("require_pushed_authorization_requests") is False:
        yield "require_pushed_authorization_requests", said("cannot be false for fapi2 (§5.3.2.2)")
    if not any(content.get(member) for member in _BINDING_MEMBERS):
        yield (
            _BINDING_MEMBERS[0],
            said("or %(value)s must be true for fapi2: its tokens are bound (§5.3.2.1)", value=_BINDING_MEMBERS[1]),
        )


def _problems_of_message_signing(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if content.get("require_signed_request_object") is False:
        yield "require_signed_request_object", said("cannot be false with message signing (§5.3.1)")
    if "jwks" not in content and "jwks_uri" not in content:
        yield "jwks", said("is missing; signed requests need jwks or jwks_uri")
