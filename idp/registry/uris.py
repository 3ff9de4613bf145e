"""Rules for addresses in a registration (RFC 9700 §2.1 and §4.1.3, RFC 8252 §7, Back-Channel Logout 1.0 §2.2). Pure.

An address is kept as the string that was registered and later compared character by character, so whatever could be
written in two ways is refused here: upper-case hosts, dot segments, default ports, wildcards, fragments and user parts.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from idp.foundation.outbound_http import OutboundPolicy
from idp.foundation.translation import said

LONGEST_URI = 2000
_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+\Z")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+\-]*(\.[a-z0-9+\-]+)+\Z")
_LOOPBACK = {"127.0.0.1", "::1"}
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address is used: development admits http on loopback, native apps loopback and private schemes."""

    is_development: bool
    is_native: bool = False


def problem_of_redirect_uri(uri: str, place: Place) -> str | None:
    """Return what is wrong with a redirect URI, None if nothing is."""
    parts, problem = _parse(uri)
    if parts is None:
        return problem
    if parts.scheme == "https":
        return _problem_of_web(parts)
    if parts.scheme == "http":
        return _problem_of_plain_http(parts, place)
    if not place.is_native:
        return said("must begin with https://")
    if not _PRIVATE_SCHEME.match(parts.scheme) or parts.netloc:
        return said("needs https, loopback, or a private scheme such as cn.gov.example.app:/callback (RFC 8252 §7.1)")
    return None


def problem_of_page(uri: str, place: Place) -> str | None:
    """Return what is wrong with the address of a page that people open, None if nothing is."""
    return problem_of_redirect_uri(uri, Place(is_development=place.is_development))


def problem_of_origin(origin: str, place: Place) -> str | None:
    """Return what is wrong with an origin (scheme, host, port and nothing else), None if nothing is."""
    problem = problem_of_page(origin, place)
    if problem is None and origin.count("/") != 2:  # noqa: PLR2004 - the two of "://"
        return said("must be an origin without path, such as https://tax.gov.example")
    return problem


def problem_of_resource(uri: str) -> str | None:
    """Return what is wrong with a resource indicator as a request names it (RFC 8707 §2), None if nothing is."""
    parts, problem = _parse(uri)
    return None if parts is not None and parts.netloc else problem or "must be an absolute URI with a host"


def problem_of_receiver(uri: str, place: Place, outbound: OutboundPolicy) -> str | None:
    """Return what is wrong with an address that we shall call ourselves, None if nothing is."""
    problem = problem_of_page(uri, place)
    if problem is not None:
        return problem
    parts = urlsplit(uri)
    return outbound.problem_of_host(parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme])


def origin_of(uri: str) -> str:
    """Return scheme, host and port of an address that was found to be good."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def _parse(uri: str) -> tuple[SplitResult | None, str]:
    problem = _problem_of_text(uri)
    if problem is not None:
        return None, problem
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None, said("is not a valid URI")
    if not parts.scheme or not uri.startswith(parts.scheme + ":"):
        return None, said("must be an absolute URI with a scheme in lower case")
    if "@" in parts.netloc:
        return None, said("must not hold a user name")
    if port is not None and port == _DEFAULT_PORTS.get(parts.scheme):
        return None, said("must not name the default port")
    return parts, ""


def _problem_of_text(uri: str) -> str | None:
    if not uri or len(uri) > LONGEST_URI or not _ALLOWED.match(uri):
        return said("must be a URI of at most %(longest_uri)s ASCII characters", longest_uri=LONGEST_URI)
    if "*" in uri:
        return said("must not hold a wildcard; register every address (RFC 9700 §4.1.3)")
    if "#" in uri:
        return said("must not hold a fragment (RFC 6749 §3.1.2)")
    if re.search(r"%(?![0-9A-Fa-f]{2})|%(0[0-9a-f]|1[0-9a-f]|2[ef]|5c|7f)", uri, re.IGNORECASE):
        return said("must not hold encoded dots, slashes or control characters")
    return None


def _problem_of_web(parts: SplitResult) -> str | None:
    host = parts.hostname or ""
    if not host or parts.netloc != parts.netloc.lower() or parts.netloc.endswith(":"):
        return said("must name a host, in lower case")
    if not (_is_address(host) or _HOST.match(host)):
        return said("must name a valid host")
    segments = parts.path.split("/")
    if "." in segments or ".." in segments or "" in segments[1:-1]:
        return said("must not hold empty or dot segments in its path")
    return None


def _problem_of_plain_http(parts: SplitResult, place: Place) -> str | None:
    host = parts.hostname or ""
    if place.is_native and host in _LOOPBACK:
        return _problem_of_web(parts)
    if place.is_development and (host in _LOOPBACK or host == "localhost"):
        return _problem_of_web(parts)
    return said(
        "must begin with https:// (RFC 9700 §2.6); http is for loopback, in development and in native applications"
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
