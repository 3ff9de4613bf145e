"""Redirect URI comparison (RFC 6749 §3.1.2.3, RFC 9700 §2.1). Exact match only; loopback ports as in RFC 8252 §7.3.
Pure.
"""

from urllib.parse import urlsplit

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.registry.client import Client

_LOOPBACK = {"127.0.0.1", "[::1]", "::1"}


def check_redirect_uri(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Accept a registered URI; from here on errors may be sent to it."""
    asked = request.get("redirect_uri")
    if asked is None:
        raise ProtocolError("invalid_request", "The redirect_uri is missing.")
    if not is_registered(asked, request.client):
        raise ProtocolError("invalid_request", "The redirect_uri is not registered for this client.")
    request.redirect_uri = asked


def is_registered(asked: str, client: Client) -> bool:
    """Tell whether a URI is one of the client's own, character by character."""
    if asked in client.redirect_uri_set:
        return True
    return client.application_type == "native" and any(_same_but_port(asked, known) for known in client.redirect_uris)


def _same_but_port(asked: str, registered: str) -> bool:
    try:
        one, other = urlsplit(asked), urlsplit(registered)
        ports_are_numbers = one.port is None or one.port > 0
    except ValueError:
        return False
    if other.scheme != "http" or other.hostname not in _LOOPBACK or not ports_are_numbers or "@" in one.netloc:
        return False
    without_port = (one.scheme, one.hostname, one.path, one.query, one.fragment)
    return without_port == (other.scheme, other.hostname, other.path, other.query, other.fragment)
