"""Redirect URI comparison (RFC 6749 §3.1.2.3, RFC 9700 §2.1). Exact match only; loopback ports as in RFC 8252 §7.3.
Pure.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.registry.client import Client

NOT_REGISTERED: Final = "The redirect_uri is not registered for this client."
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]+)?([/?].*)?")
_PORT = "(?::[1-9][0-9]{0,4})?"


def check_redirect_uri(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Accept a registered URI; from here on errors may be sent to it."""
    asked = request.get("redirect_uri")
    if asked is None:
        raise ProtocolError("invalid_request", "The redirect_uri is missing.")
    if not is_registered(asked, request.client):
        raise ProtocolError("invalid_request", NOT_REGISTERED + difference(asked, request.client.redirect_uris))
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


def with_any_port(registered: str, client: Client) -> str:
    """Return a registered URI, with ``*`` for the port where a native application may choose it."""
    loopback = _LOOPBACK.fullmatch(registered) if client.application_type == "native" else None
    return registered if loopback is None else f"{loopback[1]}:*{loopback[2] or ''}"


def difference(asked: str, registered: Iterable[str]) -> str:
    """Return in which parts an address differs from the nearest registered one, for whoever sets the site up.

    The names of the parts only: what was asked for is a stranger's text, and what is registered is not theirs to learn.
    """
    try:
        parts = _parts(asked)
        differing = [[name for name, value in _parts(known).items() if value != parts[name]] for known in registered]
    except ValueError:
        return ""
    nearest = min(differing, key=len, default=[])
    return f" It differs from the nearest registered one in: {', '.join(nearest)}." if nearest else ""


def _parts(uri: str) -> Mapping[str, object]:
    split = urlsplit(uri)
    return {
        "scheme": split.scheme,
        "host": split.hostname,
        "port": split.port,
        "path": split.path,
        "query": split.query,
        "fragment": split.fragment,
    }
