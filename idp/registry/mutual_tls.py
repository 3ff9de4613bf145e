"""The members of mutual TLS in a registration (RFC 8705 §2.1.2, §2.2.2 and §3.4): their forms, and the rules about
them. Pure.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from idp.foundation.translation import said
from idp.keyring.certificates import der_of_x5c, problem_of_subject_dn

TLS_METHODS = frozenset({"tls_client_auth", "self_signed_tls_client_auth"})
NAME_MEMBERS = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)
BOUND = "tls_client_certificate_bound_access_tokens"


def registered_name(content: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the member and the name by which a certificate authority knows the client."""
    return next(((member, content[member]) for member in NAME_MEMBERS if member in content), None)


def problem_of_name_member(member: str, value: str) -> str | None:
    """Return what is wrong with the value of one of the members, None if nothing is."""
    if member == "tls_client_auth_subject_dn":
        return problem_of_subject_dn(value)
    if member == "tls_client_auth_san_ip":
        try:
            ipaddress.ip_address(value)
        except ValueError:
            return said("is not an IP address")
    return None


def problems_of_mutual_tls(content: Mapping[str, Any], *, takes_certificates: bool) -> Iterator[tuple[str, str]]:
    """Yield what is wrong: the member and the words that follow its name."""
    method = content["token_endpoint_auth_method"]
    if not takes_certificates and method in TLS_METHODS:
        yield (
            "token_endpoint_auth_method",
            said("%(method)s needs IDP_CLIENT_CERTIFICATE_HEADER, which is not set here", method=method),
        )
    if not takes_certificates and content.get(BOUND):
        yield BOUND, said("needs IDP_CLIENT_CERTIFICATE_HEADER, which is not set here")
    yield from _problems_of_names(content, method)
    if method == "self_signed_tls_client_auth":
        yield from _problems_of_certificates(content)


def _problems_of_names(content: Mapping[str, Any], method: str) -> Iterator[tuple[str, str]]:
    names = [member for member in NAME_MEMBERS if member in content]
    if method == "tls_client_auth" and len(names) != 1:
        yield (
            NAME_MEMBERS[0],
            said("tls_client_auth needs exactly one of %(names)s (RFC 8705 §2.1.2)", names=", ".join(NAME_MEMBERS)),
        )
    for member in names:
        if method != "tls_client_auth":
            yield member, said("does not go with token_endpoint_auth_method %(method)s", method=method)
        problem = problem_of_name_member(member, content[member])
        if problem is not None:
            yield member, problem


def _problems_of_certificates(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "jwks" not in content and "jwks_uri" not in content:
        yield "jwks", said("is missing; self_signed_tls_client_auth needs jwks or jwks_uri (RFC 8705 §2.2.2)")
    if "jwks" in content and not any(der_of_x5c(key.get("x5c")) for key in content["jwks"]["keys"]):
        yield "jwks", said("has no key with a certificate in x5c (RFC 8705 §2.2.2)")
