"""The members of a registration one by one: their names, their forms and their defaults (RFC 7591 §2, OIDC Registration
§2).

What depends on another member or on the deployment is in ``rules``. A parser returns the value in its canonical form or
raises ``Malformed`` with words that follow the member's name. Pure.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from idp.accounts.identifiers import parse_uscc
from idp.accounts.kinds import KINDS
from idp.accounts.organizations import is_word
from idp.foundation.translation import said
from idp.registry.brand.errors import BrandRefused
from idp.registry.brand.logo import canonical_logo
from idp.registry.brand.theme import canonical_theme
from idp.registry.client_keys import problem_of_jwks
from idp.registry.encryption import ENCODINGS, ENCRYPTABLE, KEY_KINDS, alg_member, enc_member
from idp.registry.mutual_tls import BOUND, NAME_MEMBERS
from idp.registry.names import problem_of_name

Parser = Callable[[Any], Any]

SIGNING_ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
AUTH_METHODS = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
)
SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", DEVICE_CODE, TOKEN_EXCHANGE)
AUTHORIZATION_DETAILS_TYPES = ("read_records",)
ACCOUNT_KINDS = tuple(kind.name for kind in KINDS)
IAL_VALUES = (1, 2, 3)
ACR_VALUES = ("urn:idp:acr:aal1", "urn:idp:acr:aal2", "urn:idp:acr:aal3")
LEGACY = "legacy-oidc"
NAMES = ("client_name", "client_name#en")
ENVIRONMENTS = ("development", "sandbox", "production")

CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}\Z")
SLUG = re.compile(r"[a-z0-9]([a-z0-9.-]{0,78}[a-z0-9])?\Z")
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}\Z")
_SECRET = re.compile(r"[\x21-\x7e]{1,200}\Z")
_MOST_URIS = 50
_MOST_SCOPES = 50
_MOST_SECONDS = 366 * 86_400


class Malformed(ValueError):
    """The value of a member has a wrong form. The text follows the member's name."""


def text(longest: int = 500) -> Parser:
    def parse(value: Any) -> str:  # noqa: ANN401 - comes from a file
        if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
            raise Malformed(said("must be a text of 1 to %(longest)s printable characters", longest=longest))
        return value

    return parse


def matching(pattern: re.Pattern[str], description: str) -> Parser:
    def parse(value: Any) -> str:  # noqa: ANN401 - comes from a file
        if not isinstance(value, str) or not pattern.match(value):
            raise Malformed(said("must be %(description)s", description=description))
        return value

    return parse


def one_of(*choices: str) -> Parser:
    def parse(value: Any) -> str:  # noqa: ANN401 - comes from a file
        if value not in choices:
            raise Malformed(said("must be one of %(names)s", names=", ".join(choices)))
        return str(value)

    return parse


def some_of(*choices: str) -> Parser:
    def parse(value: Any) -> list[str]:  # noqa: ANN401 - comes from a file
        if not isinstance(value, list) or not value or any(entry not in choices for entry in value):
            raise Malformed(said("must be a list of %(names)s", names=", ".join(choices)))
        return sorted(set(value))

    return parse


def identity_level(value: Any) -> int:  # noqa: ANN401 - comes from a file
    if isinstance(value, bool) or value not in IAL_VALUES:
        raise Malformed(said("must be one of %(names)s", names=", ".join(map(str, IAL_VALUES))))
    return int(value)


def uris(value: Any) -> list[str]:  # noqa: ANN401 - comes from a file
    if not isinstance(value, list) or len(value) > _MOST_URIS or not all(isinstance(uri, str) for uri in value):
        raise Malformed(said("must be a list of at most %(most_uris)s addresses", most_uris=_MOST_URIS))
    return list(dict.fromkeys(value))


def texts(value: Any) -> list[str]:  # noqa: ANN401 - comes from a file
    parse = text(200)
    if not isinstance(value, list):
        raise Malformed(said("must be a list of texts"))
    return [parse(entry) for entry in value]


def flag(value: Any) -> bool:  # noqa: ANN401 - comes from a file
    if not isinstance(value, bool):
        raise Malformed(said("must be true or false"))
    return value


def seconds(value: Any) -> int:  # noqa: ANN401 - comes from a file
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_SECONDS:
        raise Malformed(said("must be a whole number of seconds, up to a year"))
    return value


def name(value: Any) -> str:  # noqa: ANN401 - comes from a file
    if not isinstance(value, str):
        raise Malformed(said("must be a text"))
    problem = problem_of_name(value)
    if problem is not None:
        raise Malformed(problem)
    return value


def scope(value: Any) -> str:  # noqa: ANN401 - comes from a file
    if value == "":
        return ""
    tokens = value.split(" ") if isinstance(value, str) else []
    if not tokens or len(tokens) > _MOST_SCOPES or not all(_SCOPE_TOKEN.match(token) for token in tokens):
        raise Malformed(said("must be scope names with single spaces between them (RFC 6749 §3.3)"))
    return " ".join(sorted(set(tokens)))


def jwks(value: Any) -> Any:  # noqa: ANN401 - comes from a file
    problem = problem_of_jwks(value)
    if problem is not None:
        raise Malformed(problem)
    return value


def response_types(value: Any) -> list[str]:  # noqa: ANN401 - comes from a file
    if value not in (["code"], []):
        raise Malformed(said('must be ["code"]; there is no implicit and no hybrid flow (RFC 9700 §2.1.2)'))
    return list(value)


def signing_algorithm(value: Any) -> str:  # noqa: ANN401 - comes from a file
    if value == "none":
        raise Malformed(said("must not be none: every token is signed (RFC 8725 §3.1)"))
    return str(one_of(*SIGNING_ALGORITHMS)(value))


def day(value: Any) -> str:  # noqa: ANN401 - comes from a file
    try:
        return (value if isinstance(value, date) else date.fromisoformat(value)).isoformat()[:10]
    except (TypeError, ValueError):
        raise Malformed(said("must be a date such as 2027-12-31")) from None


def purposes(value: Any) -> dict[str, str]:  # noqa: ANN401 - comes from a file
    parse = text(200)
    if not isinstance(value, Mapping) or len(value) > _MOST_URIS:
        raise Malformed(said("must be a table of claim or scope names, each with a sentence"))
    return {str(key): parse(sentence) for key, sentence in sorted(value.items())}


_client_id = matching(
    CLIENT_ID, said("1 to 100 letters, digits, dots, hyphens, underscores or tildes, a letter or digit first")
)
_slug = matching(SLUG, said("1 to 80 lower-case letters, digits, dots or hyphens"))


def client_ids(value: Any) -> list[str]:  # noqa: ANN401 - comes from a file
    if not isinstance(value, list) or len(value) > _MOST_URIS:
        raise Malformed(said("must be a list of at most %(most_uris)s client ids", most_uris=_MOST_URIS))
    return sorted({_client_id(entry) for entry in value})


def scim_tenant(value: Any) -> str:  # noqa: ANN401 - comes from a file
    code = parse_uscc(value) if isinstance(value, str) else None
    if code is not None:
        return code
    if not isinstance(value, str) or not is_word(value):
        raise Malformed(said("must be the slug of an agency or the unified social credit code of an organization"))
    return value


def brand(canonical: Parser) -> Parser:
    def parse(value: Any) -> Any:  # noqa: ANN401 - comes from a file
        try:
            return canonical(value)
        except BrandRefused as error:
            raise Malformed(error.args[0]) from None

    return parse


METADATA: Mapping[str, Parser] = {
    **{alg_member(what): one_of(*KEY_KINDS) for what in ENCRYPTABLE},
    **{enc_member(what): one_of(*ENCODINGS) for what in ENCRYPTABLE},
    "application_type": one_of("web", "native"),
    "authorization_details_types": some_of(*AUTHORIZATION_DETAILS_TYPES),
    "authorization_signed_response_alg": signing_algorithm,
    "backchannel_logout_session_required": flag,
    "backchannel_logout_uri": text(2000),
    "client_id": _client_id,
    "client_name": name,
    "client_name#en": name,
    "client_secret": matching(_SECRET, said("1 to 200 printable ASCII characters without spaces")),
    "client_uri": text(2000),
    "contacts": texts,
    "default_max_age": seconds,
    "dpop_bound_access_tokens": flag,
    "frontchannel_logout_session_required": flag,
    "frontchannel_logout_uri": text(2000),
    "grant_types": some_of(*GRANT_TYPES),
    "id_token_signed_response_alg": signing_algorithm,
    "introspection_signed_response_alg": signing_algorithm,
    "jwks": jwks,
    "jwks_uri": text(2000),
    "policy_uri": text(2000),
    "post_logout_redirect_uris": uris,
    "redirect_uris": uris,
    "request_object_signing_alg": signing_algorithm,
    "require_auth_time": flag,
    "require_pushed_authorization_requests": flag,
    "require_signed_request_object": flag,
    "response_types": response_types,
    "scope": scope,
    "sector_identifier_uri": text(2000),
    "software_id": text(200),
    "software_version": text(100),
    "subject_type": one_of("pairwise", "public"),
    **{member: text(1000) for member in NAME_MEMBERS},
    BOUND: flag,
    "token_endpoint_auth_method": one_of(*AUTH_METHODS),
    "token_endpoint_auth_signing_alg": signing_algorithm,
    "tos_uri": text(2000),
    "userinfo_signed_response_alg": signing_algorithm,
}

POLICY: Mapping[str, Parser] = {
    "account_kinds": some_of(*ACCOUNT_KINDS),
    "agency": _slug,
    "agency_name": name,
    "agency_name#en": name,
    "consent": one_of("required", "statutory"),
    "cors_origins": uris,
    "demonstration": flag,
    "dpop_nonce_required": flag,
    "ends_on": day,
    "exchange_to": client_ids,
    "environment": one_of(*ENVIRONMENTS),
    "legal_basis": text(200),
    "legal_basis#en": text(200),
    "logo": brand(canonical_logo),
    "message_signing": flag,
    "min_acr": one_of(*ACR_VALUES),
    "min_ial": identity_level,
    "profile": one_of("standard", "fapi2", LEGACY),
    "purposes": purposes,
    "resource_identifiers": uris,
    "resources": uris,
    "scim_tenant": scim_tenant,
    "sector": _slug,
    "theme": brand(canonical_theme),
}


def with_defaults(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return parsed members with every default written out, so that a reviewed version says all that it means."""
    policy = dict(metadata.get("policy", {}))
    grants = metadata.get("grant_types", ["authorization_code"])
    legacy = policy.get("profile") == LEGACY
    policy_defaults: dict[str, Any] = {
        "account_kinds": ["citizen"],
        "consent": "required",
        "min_acr": ACR_VALUES[0],
        "profile": "standard",
        "sector": policy.get("agency"),
    }
    defaults: dict[str, Any] = {
        "application_type": "web",
        "backchannel_logout_session_required": True,
        "grant_types": grants,
        # OpenID Connect Registration §2 says RS256, which old portals rely on; for all others, ES256 is faster.
        "id_token_signed_response_alg": "RS256" if legacy else "ES256",
        "post_logout_redirect_uris": [],
        "redirect_uris": [],
        "response_types": ["code"] if "authorization_code" in grants else [],
        "scope": "openid" if "authorization_code" in grants else "",
        "subject_type": "pairwise",
        "token_endpoint_auth_method": "client_secret_basic",
    }
    return defaults | dict(metadata) | {"policy": policy_defaults | policy}
