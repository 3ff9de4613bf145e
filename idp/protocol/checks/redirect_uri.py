"""Redirect URI comparison (RFC 6749 §3.1.2.3, RFC 9700 §2.1). Exact match only; loopback ports as in RFC 8252 §7.3.
Pure.
"""

import re

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.registry.client import Client

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]+)?([/?].*)?")
_PORT = "(?::[1-9][0-9]{0,4})?"


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
    # Text is compared, not parts: a parser would drop line breaks and fold cases that a browser may read otherwise.
    loopback = _LOOPBACK.fullmatch(registered)
    if loopback is None:
        return False
    origin, rest = loopback[1], loopback[2] or ""
    return re.fullmatch(re.escape(origin) + _PORT + re.escape(rest), asked) is not None
