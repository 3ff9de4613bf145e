"""Is this registration acceptable here? (RFC 7591 §2 and §3.2.2, RFC 9700 §2, OIDC Registration §2, rules O1, A8, P9,
P11.)

``check`` returns the canonical content of a version, or every problem it found, each with the member it belongs to.
Pure: what depends on other registrations (a name that is taken, a sector that may not change) is decided by the
service.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from idp.foundation.outbound_http import OutboundPolicy
from idp.foundation.translation import said
from idp.registry import uris
from idp.registry.brand.theme import problems_of_theme
from idp.registry.encryption import problems_of_encryption
from idp.registry.fapi2 import problems_of_fapi2
from idp.registry.members import (
    DEVICE_CODE,
    LEGACY,
    METADATA,
    POLICY,
    SECRET_METHODS,
    TOKEN_EXCHANGE,
    Malformed,
    Parser,
    with_defaults,
)
from idp.registry.mutual_tls import problems_of_mutual_tls

_REDIRECT_MEMBERS = frozenset({"redirect_uris"})
_PAGES = ("client_uri", "policy_uri", "tos_uri")
_RECEIVERS = ("backchannel_logout_uri", "jwks_uri", "sector_identifier_uri")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a registration. ``error`` is the code of RFC 7591 §3.2.2; ``message`` follows the name of
    the member, and is English wherever a program reads it.
    """

    member: str
    message: str

    @property
    def error(self) -> str:
        return "invalid_redirect_uri" if self.member in _REDIRECT_MEMBERS else "invalid_client_metadata"

    @property
    def said(self) -> str:
        """The problem as a page can say it in its own language."""
        if not self.member:
            return self.message
        return said("%(claim)s: %(value)s", claim=self.member, value=self.message)

    def __str__(self) -> str:
        return str(self.said)


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the rules need to know of where the registration shall be in force."""

    environment: str
    legacy_profile_allowed: bool
    outbound: OutboundPolicy
    today: date
    takes_certificates: bool = False

    @property
    def is_development(self) -> bool:
        return self.environment == "development"


Rule = Callable[[Mapping[str, Any], Deployment], Iterator[Problem]]


def check(registration: Mapping[str, Any], deployment: Deployment) -> dict[str, Any] | tuple[Problem, ...]:
    """Return the registration in canonical form with its defaults, or all its problems."""
    problems: list[Problem] = []
    metadata = _parsed(
        {name: value for name, value in registration.items() if name != "policy"}, METADATA, "", problems
    )
    policy = registration.get("policy", {})
    if isinstance(policy, Mapping):
        metadata["policy"] = _parsed(policy, POLICY, "policy.", problems)
    else:
        problems.append(Problem("policy", said("must be a table")))
    if deployment.is_development and "policy" in metadata:
        metadata["policy"].setdefault("environment", deployment.environment)
    problems += _missing(metadata, problems)
    if problems:
        return tuple(problems)
    content = with_defaults(metadata)
    problems += [problem for rule in RULES for problem in rule(content, deployment)]
    return tuple(problems) or content


def _parsed(
    given: Mapping[str, Any], parsers: Mapping[str, Parser], prefix: str, problems: list[Problem]
) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for name, value in given.items():
        parser = parsers.get(name)
        if parser is None:
            problems.append(Problem(prefix + str(name), _unknown(str(name), prefix)))
            continue
        try:
            parsed[name] = parser(value)
        except Malformed as error:
            problems.append(Problem(prefix + name, error.args[0]))
    return parsed


def _unknown(name: str, prefix: str) -> str:
    here, there = (METADATA, POLICY) if not prefix else (POLICY, METADATA)
    if name in there:
        if there is POLICY:
            return said("is known, but belongs under [policy]")
        return said("is known, but belongs at the top level, not under [policy]")
    close = difflib.get_close_matches(name, here, n=1, cutoff=0.6)
    return said("is not known; did you mean %(name)s?", name=prefix + close[0]) if close else said("is not known")


def _missing(metadata: Mapping[str, Any], found: list[Problem]) -> list[Problem]:
    named = {problem.member for problem in found}
    policy = metadata.get("policy", {})
    missing = [name for name in ("client_id", "client_name") if name not in metadata]
    missing += [f"policy.{name}" for name in ("agency", "environment") if name not in policy]
    return [Problem(name, said("is missing")) for name in missing if name not in named]


def _environment(content: Mapping[str, Any], deployment: Deployment) -> Iterator[Problem]:
    made_for = content["policy"]["environment"]
    if made_for != deployment.environment:
        yield Problem(
            "policy.environment",
            said(
                "is %(made_for)s, but this deployment is %(environment)s",
                made_for=made_for,
                environment=deployment.environment,
            ),
        )
    if content["policy"].get("demonstration") and not deployment.is_development:
        yield Problem("policy.demonstration", said("demonstration registrations are for development only"))
    if "client_secret" in content and not deployment.is_development:
        yield Problem(
            "client_secret", said("may be given in development only; leave it out, one is generated and shown once")
        )


def _addresses(content: Mapping[str, Any], deployment: Deployment) -> Iterator[Problem]:
    place = uris.Place(is_development=deployment.is_development, is_native=content["application_type"] == "native")
    for member in ("redirect_uris", "post_logout_redirect_uris"):
        yield from _each(member, content[member], lambda uri: uris.problem_of_redirect_uri(uri, place))
    for member in _PAGES:
        yield from _each(member, content.get(member), lambda uri: uris.problem_of_page(uri, place))
    for member in _RECEIVERS:
        yield from _each(
            member, content.get(member), lambda uri: uris.problem_of_receiver(uri, place, deployment.outbound)
        )
    yield from _frontchannel(content, place)
    yield from _each(
        "policy.cors_origins", content["policy"].get("cors_origins"), lambda uri: uris.problem_of_origin(uri, place)
    )


def _frontchannel(content: Mapping[str, Any], place: uris.Place) -> Iterator[Problem]:
    """A page of the site in a frame of ours, on an origin people are sent back to (Front-Channel Logout 1.0 §2)."""
    uri = content.get("frontchannel_logout_uri")
    if uri is None:
        if content.get("frontchannel_logout_session_required"):
            yield Problem("frontchannel_logout_session_required", said("needs a frontchannel_logout_uri"))
        return
    problem = uris.problem_of_page(uri, place)
    good = [known for known in content["redirect_uris"] if uris.problem_of_redirect_uri(known, place) is None]
    if problem is None and uris.origin_of(uri) not in map(uris.origin_of, good):
        problem = said("must have the scheme, host and port of a redirect URI (Front-Channel Logout 1.0 §2)")
    if problem is not None:
        yield Problem("frontchannel_logout_uri", said("%(uri)s %(problem)s", uri=repr(uri), problem=problem))


def _each(member: str, values: str | list[str] | None, problem_of: Callable[[str], str | None]) -> Iterator[Problem]:
    for value in [values] if isinstance(values, str) else values or []:
        problem = problem_of(value)
        if problem is not None:
            yield Problem(member, said("%(value)s %(problem)s", value=repr(value), problem=problem))


def _grants(content: Mapping[str, Any], _deployment: Deployment) -> Iterator[Problem]:
    grants, scope = content["grant_types"], content["scope"].split()
    uses_code = "authorization_code" in grants
    if uses_code and not content["redirect_uris"]:
        yield Problem("redirect_uris", said("is missing; authorization_code needs at least one"))
    if uses_code != (content["response_types"] == ["code"]):
        yield Problem("response_types", said('is ["code"] with the grant type authorization_code, and [] without it'))
    if "refresh_token" in grants and not (uses_code or DEVICE_CODE in grants):
        yield Problem(
            "grant_types", said("refresh_token goes with authorization_code or device_code (RFC 6749 §4.4.3)")
        )
    if "offline_access" in scope and "refresh_token" not in grants:
        yield Problem("scope", said("offline_access needs the grant type refresh_token"))
    if uses_code and "openid" not in scope:
        yield Problem("scope", said("needs openid for the grant type authorization_code"))


def _authentication(content: Mapping[str, Any], _deployment: Deployment) -> Iterator[Problem]:
    method = content["token_endpoint_auth_method"]
    key_members = [member for member in ("jwks", "jwks_uri") if member in content]
    if len(key_members) > 1:
        yield Problem("jwks_uri", said("jwks and jwks_uri must not both be given (RFC 7591 §2)"))
    if method == "private_key_jwt" and not key_members:
        yield Problem("jwks", said("is missing; private_key_jwt needs jwks or jwks_uri"))
    if method == "private_key_jwt" and "jwks" in content and not _has_signing_key(content["jwks"]):
        yield Problem("jwks", said('has no key with "use": "sig", with which private_key_jwt could be verified'))
    if "client_secret" in content and method not in SECRET_METHODS:
        yield Problem("client_secret", said("does not go with token_endpoint_auth_method %(method)s", method=method))
    if method == "none" and "client_credentials" in content["grant_types"]:
        yield Problem("grant_types", said("client_credentials is for confidential clients only (RFC 6749 §4.4)"))
    if content["application_type"] == "native" and method in SECRET_METHODS:
        yield Problem(
            "token_endpoint_auth_method", said("a native application cannot keep a secret; use none (RFC 8252 §8.5)")
        )


def _has_signing_key(jwks: Mapping[str, Any]) -> bool:
    return any(key.get("use", "sig") == "sig" for key in jwks["keys"])


def _profile(content: Mapping[str, Any], deployment: Deployment) -> Iterator[Problem]:
    policy = content["policy"]
    ends_on = policy.get("ends_on")
    if ends_on is not None and ends_on < deployment.today.isoformat():
        yield Problem("policy.ends_on", said("has passed already"))
    if policy["profile"] != LEGACY:
        return
    if deployment.environment == "production" and not deployment.legacy_profile_allowed:
        yield Problem(
            "policy.profile", said("legacy-oidc is refused in production unless IDP_LEGACY_PROFILE_ALLOWED is true")
        )
    if content["token_endpoint_auth_method"] == "none":
        yield Problem(
            "token_endpoint_auth_method",
            said("legacy-oidc is for confidential clients only: without PKCE a code needs a secret"),
        )
    if policy["min_acr"] != "urn:idp:acr:aal1":
        yield Problem("policy.min_acr", said("legacy-oidc reaches aal1 only"))
    if "offline_access" in content["scope"].split():
        yield Problem("scope", said("legacy-oidc has no offline_access"))
    if ends_on is None and not deployment.is_development:
        yield Problem("policy.ends_on", said("is missing; legacy-oidc needs an end date"))


def _fapi2(content: Mapping[str, Any], _deployment: Deployment) -> Iterator[Problem]:
    for member, message in problems_of_fapi2(content):
        yield Problem(member, message)


def _signed_requests(content: Mapping[str, Any], _deployment: Deployment) -> Iterator[Problem]:
    """A client that promises signed requests needs a key to sign them with (RFC 9101 §10.5)."""
    has_keys = "jwks" in content or "jwks_uri" in content
    for member in ("request_object_signing_alg", "require_signed_request_object"):
        if content.get(member) and not has_keys:
            yield Problem(member, said("needs jwks or jwks_uri"))


def _encryption(content: Mapping[str, Any], _deployment: Deployment) -> Iterator[Problem]:
    for member, words in problems_of_encryption(content):
        yield Problem(member, words)


def _consent(content: Mapping[str, Any], _deployment: Deployment) -> Iterator[Problem]:
    policy = content["policy"]
    if policy["consent"] == "statutory" and not policy.get("legal_basis"):
        yield Problem("policy.legal_basis", said("is missing; statutory consent names the provision it rests on"))
    names = {name.removesuffix("#en") for name in policy.get("purposes", {})}
    if any(not name or "#" in name for name in names):
        yield Problem(
            "policy.purposes", said('has a key that is no claim or scope; a translation is written "phone#en"')
        )


def _mutual_tls(content: Mapping[str, Any], deployment: Deployment) -> Iterator[Problem]:
    for member, words in problems_of_mutual_tls(content, takes_certificates=deployment.takes_certificates):
        yield Problem(member, words)


def _resources(content: Mapping[str, Any], deployment: Deployment) -> Iterator[Problem]:
    policy = content["policy"]
    place = uris.Place(is_development=deployment.is_development)
    for member in ("resources", "resource_identifiers"):
        yield from _each(f"policy.{member}", policy.get(member), lambda uri: uris.problem_of_page(uri, place))
    if policy.get("exchange_to") and TOKEN_EXCHANGE not in content["grant_types"]:
        yield Problem(
            "policy.exchange_to", said("needs the grant type %(token_exchange)s", token_exchange=TOKEN_EXCHANGE)
        )
    if TOKEN_EXCHANGE in content["grant_types"] and content["token_endpoint_auth_method"] == "none":
        yield Problem("grant_types", said("token exchange is for confidential clients only (RFC 8693 §2.1)"))
    if policy.get("scim_tenant") and "client_credentials" not in content["grant_types"]:
        yield Problem("policy.scim_tenant", said("needs the grant type client_credentials"))
    if policy.get("resource_identifiers") and content["token_endpoint_auth_method"] == "none":
        yield Problem("policy.resource_identifiers", said("a resource server authenticates itself to ask about tokens"))


def _theme(content: Mapping[str, Any], _deployment: Deployment) -> Iterator[Problem]:
    theme = content["policy"].get("theme")
    for words in () if theme is None else problems_of_theme(theme):
        yield Problem("policy.theme", words)


RULES: tuple[Rule, ...] = (
    _environment,
    _addresses,
    _grants,
    _authentication,
    _profile,
    _fapi2,
    _signed_requests,
    _encryption,
    _mutual_tls,
    _resources,
    _consent,
    _theme,
)
