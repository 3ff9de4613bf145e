"""The published registration of one client as an immutable value: RFC 7591 metadata, OpenID Connect members and our
policy.

Built once for each cached version, so that reading a member on the hot path costs an attribute. Nothing here asks the
database.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from idp.foundation.digests import b64url, sha256
from idp.registry import fapi2
from idp.registry.brand.files import Brand, brand_of
from idp.registry.encryption import Encryption, encryptions_of
from idp.registry.members import LEGACY
from idp.registry.mutual_tls import registered_name

_ENGLISH = "en"
_IN_ENGLISH = "#en"
_VERSION_BYTES = 9

AuthMethod = Literal[
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
]


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """The digest of a secret, and until when it is accepted (None: until it is rotated away)."""

    digest: bytes = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is true of a client beside its content: its state, its agency's names, its secrets."""

    version_id: UUID
    version: int
    state: Literal["active", "suspended"]
    not_before: datetime | None
    is_demonstration: bool
    agency_name: str
    agency_name_en: str
    secrets: tuple[ClientSecret, ...]
    is_unverified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client in force.

    ``version_id`` changes with every published version, ``not_before`` voids every token issued earlier;
    ``encryptions`` says which answers are encrypted, and how.
    """

    client_id: str
    client_name: str
    client_name_en: str
    client_uri: str | None
    policy_uri: str | None
    tos_uri: str | None
    application_type: Literal["web", "native"]

    redirect_uris: tuple[str, ...]
    redirect_uri_set: frozenset[str]
    post_logout_redirect_uris: frozenset[str]
    backchannel_logout_uri: str | None
    backchannel_logout_session_required: bool
    frontchannel_logout_uri: str | None
    frontchannel_logout_session_required: bool
    cors_origins: frozenset[str]

    token_endpoint_auth_method: AuthMethod
    token_endpoint_auth_signing_alg: str | None
    jwks: Mapping[str, Any] | None
    jwks_uri: str | None
    secrets: tuple[ClientSecret, ...]
    is_public: bool

    grant_types: frozenset[str]
    response_types: frozenset[str]
    scope: frozenset[str]
    authorization_details_types: frozenset[str]
    default_max_age: int | None
    require_auth_time: bool
    id_token_signed_response_alg: str
    userinfo_signed_response_alg: str | None
    authorization_signed_response_alg: str
    request_object_signing_alg: str | None
    require_signed_request_object: bool
    require_signed_response: bool
    require_pushed_authorization_requests: bool
    introspection_signed_response_alg: str
    encryptions: Mapping[str, Encryption]

    subject_type: Literal["pairwise", "public"]
    sector: str
    profile: Literal["standard", "fapi2", "legacy-oidc"]
    is_legacy: bool
    is_fapi2: bool
    environment: str
    agency: str
    agency_name: str
    agency_name_en: str
    account_kinds: frozenset[str]
    min_acr: str
    min_ial: int
    consent: Literal["required", "statutory"]
    legal_basis: str | None
    legal_basis_en: str | None
    purposes: Mapping[str, str]
    resources: frozenset[str]
    resource_identifiers: frozenset[str]
    exchange_to: frozenset[str]
    scim_tenant: str | None

    state: Literal["active", "suspended"]
    not_before: datetime | None
    ends_at: datetime | None
    is_demonstration: bool
    version: int
    version_id: UUID
    is_unverified: bool = False
    brand: Brand = field(default_factory=Brand)

    # Sender-constrained tokens (RFC 9449 §5.2, RFC 8705 §2.1.2 and §3.4).
    dpop_bound_access_tokens: bool = False
    dpop_nonce_required: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    tls_client_auth: tuple[str, str] | None = None
    # Each purpose as a digest of its words: a consent was given to these words and no others.
    purpose_versions: Mapping[str, str] = field(default_factory=dict)

    def name_in(self, locale: str) -> str:
        """Return the name to display in a locale ("zh-Hans", "en")."""
        return self.client_name_en if locale == _ENGLISH else self.client_name

    def agency_name_in(self, locale: str) -> str:
        """Return the name of the owning agency in a locale."""
        return self.agency_name_en if locale == _ENGLISH else self.agency_name

    def legal_basis_in(self, locale: str) -> str | None:
        """Return the statute that stands in for consent, in a locale."""
        return (self.legal_basis_en or self.legal_basis) if locale == _ENGLISH else self.legal_basis

    def purpose(self, name: str, locale: str) -> str | None:
        """Return what a claim or scope is wanted for, in a locale, if the registration says so."""
        english = self.purposes.get(name + _IN_ENGLISH) if locale == _ENGLISH else None
        return english or self.purposes.get(name)

    def is_active(self, now: datetime) -> bool:
        """True unless suspended, or past the end date of a guarded profile."""
        return self.state == "active" and (self.ends_at is None or now < self.ends_at)

    def has_secret(self, presented: str, now: datetime) -> bool:
        """True if the presented secret is one of the live ones. Compares every live digest in constant time."""
        digest = sha256(presented)
        matches = [
            hmac.compare_digest(digest, known.digest)
            for known in self.secrets
            if known.expires_at is None or now < known.expires_at
        ]
        return any(matches)


def client_of(content: Mapping[str, Any], standing: Standing) -> Client:
    """Return the value of a stored version.

    Content written by an earlier release may lack members; they get their defaults.
    """
    policy: Mapping[str, Any] = content["policy"]
    method: AuthMethod = content.get("token_endpoint_auth_method", "client_secret_basic")
    profile = policy.get("profile", "standard")
    is_fapi2 = profile == fapi2.PROFILE
    signs_messages = is_fapi2 and policy.get("message_signing", False)
    id_token_alg = content.get("id_token_signed_response_alg", "ES256")
    return Client(
        client_id=content["client_id"],
        client_name=content["client_name"],
        client_name_en=content.get("client_name#en") or content["client_name"],
        client_uri=content.get("client_uri"),
        policy_uri=content.get("policy_uri"),
        tos_uri=content.get("tos_uri"),
        application_type=content.get("application_type", "web"),
        redirect_uris=tuple(content.get("redirect_uris", ())),
        redirect_uri_set=frozenset(content.get("redirect_uris", ())),
        post_logout_redirect_uris=frozenset(content.get("post_logout_redirect_uris", ())),
        backchannel_logout_uri=content.get("backchannel_logout_uri"),
        backchannel_logout_session_required=content.get("backchannel_logout_session_required", True),
        frontchannel_logout_uri=content.get("frontchannel_logout_uri"),
        frontchannel_logout_session_required=content.get("frontchannel_logout_session_required", False),
        cors_origins=frozenset(policy.get("cors_origins", ())),
        token_endpoint_auth_method=method,
        token_endpoint_auth_signing_alg=content.get("token_endpoint_auth_signing_alg"),
        jwks=_frozen(content.get("jwks")),
        jwks_uri=content.get("jwks_uri"),
        secrets=standing.secrets,
        is_public=method == "none",
        grant_types=frozenset(content.get("grant_types", ("authorization_code",))),
        response_types=frozenset(content.get("response_types", ("code",))),
        scope=frozenset(content.get("scope", "openid").split()),
        authorization_details_types=frozenset(content.get("authorization_details_types", ())),
        default_max_age=content.get("default_max_age"),
        require_auth_time=content.get("require_auth_time", False),
        id_token_signed_response_alg=id_token_alg,
        userinfo_signed_response_alg=content.get("userinfo_signed_response_alg"),
        authorization_signed_response_alg=content.get("authorization_signed_response_alg", id_token_alg),
        request_object_signing_alg=content.get("request_object_signing_alg"),
        require_signed_request_object=signs_messages or content.get("require_signed_request_object", False),
        require_signed_response=signs_messages,
        require_pushed_authorization_requests=is_fapi2 or content.get("require_pushed_authorization_requests", False),
        introspection_signed_response_alg=content.get("introspection_signed_response_alg", "RS256"),
        encryptions=MappingProxyType(encryptions_of(content)),
        subject_type=content.get("subject_type", "pairwise"),
        sector=policy.get("sector") or policy["agency"],
        profile=profile,
        is_legacy=profile == LEGACY,
        is_fapi2=is_fapi2,
        environment=policy["environment"],
        agency=policy["agency"],
        agency_name=standing.agency_name,
        agency_name_en=standing.agency_name_en,
        account_kinds=frozenset(policy.get("account_kinds", ("citizen",))),
        min_acr=policy.get("min_acr", "urn:idp:acr:aal1"),
        min_ial=policy.get("min_ial", 1),
        consent=policy.get("consent", "required"),
        legal_basis=policy.get("legal_basis"),
        legal_basis_en=policy.get("legal_basis#en"),
        purposes=MappingProxyType(dict(policy.get("purposes", {}))),
        resources=frozenset(policy.get("resources", ())),
        resource_identifiers=frozenset(policy.get("resource_identifiers", ())),
        exchange_to=frozenset(policy.get("exchange_to", ())),
        scim_tenant=policy.get("scim_tenant"),
        state=standing.state,
        not_before=standing.not_before,
        ends_at=_end_of(policy.get("ends_on")),
        is_demonstration=standing.is_demonstration,
        version=standing.version,
        version_id=standing.version_id,
        dpop_bound_access_tokens=content.get("dpop_bound_access_tokens", False),
        dpop_nonce_required=policy.get("dpop_nonce_required", False),
        tls_client_certificate_bound_access_tokens=content.get("tls_client_certificate_bound_access_tokens", False),
        tls_client_auth=registered_name(content),
        is_unverified=standing.is_unverified,
        brand=brand_of(policy),
        purpose_versions=MappingProxyType(_purpose_versions(policy.get("purposes", {}))),
    )


def _purpose_versions(purposes: Mapping[str, str]) -> dict[str, str]:
    names = {name.removesuffix(_IN_ENGLISH) for name in purposes}
    words = {name: f"{purposes.get(name, '')}\0{purposes.get(name + _IN_ENGLISH, '')}" for name in names}
    return {name: b64url(sha256(text)[:_VERSION_BYTES]) for name, text in words.items()}


def _end_of(day: str | None) -> datetime | None:
    """Return the first moment after a day (ISO 8601, UTC)."""
    return None if day is None else datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=1)


def _frozen(jwks: Mapping[str, Sequence[Mapping[str, Any]]] | None) -> Mapping[str, Any] | None:
    return (
        None if jwks is None else MappingProxyType({"keys": tuple(MappingProxyType(dict(key)) for key in jwks["keys"])})
    )
