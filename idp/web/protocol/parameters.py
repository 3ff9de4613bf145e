"""The parameters of a browser request, strictly parsed, and the way of a cross-site POST to its GET form.

A POST from another site comes without our SameSite=Lax cookie. It is answered 303 to the same endpoint with its
parameters sealed, so that the cookie arrives and nothing that a client posted stands readable in an address.
"""

from datetime import timedelta

import orjson
from flask import request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response

from idp.foundation.errors import ProtocolError
from idp.keyring.errors import SealBroken
from idp.protocol.messages import parse_form, parse_parameters
from idp.web.shared.journeys import see_other
from idp.web.shared.services import services

# A name that no client sends: whatever it sends and we do not know is ignored (OpenID Connect Core §3.1.2.1).
POSTED = "idp_posted"
_PURPOSE = "posted"
_LIFETIME = timedelta(minutes=2)
_LONGEST = 6000


def refuse_head(*methods: str) -> None:
    """Raise MethodNotAllowed for a HEAD, which Flask takes for a GET: who only looks at a link must not use it up."""
    if request.method == "HEAD":
        raise MethodNotAllowed(methods)


def browser_parameters() -> dict[str, str]:
    """Return the parameters of a GET. Raises ProtocolError for duplicates, NUL, invalid UTF-8 or a broken seal."""
    parameters = parse_parameters(request.query_string.decode("latin-1"))
    sealed = parameters.get(POSTED)
    if sealed is None:
        return parameters
    try:
        data = services().keyring.unseal(_PURPOSE, sealed, context=request.path.encode())
    except SealBroken:
        raise ProtocolError("invalid_request", "The request has expired.") from None
    opened: dict[str, str] = orjson.loads(data)
    return opened


def to_get_form() -> Response:
    """Answer a POST: the browser comes back by GET with the same parameters, sealed. Raises ProtocolError."""
    parameters = parse_form(request.get_data(cache=False))
    sealed = services().keyring.seal(
        _PURPOSE, orjson.dumps(parameters), context=request.path.encode(), lifetime=_LIFETIME
    )
    if len(sealed) > _LONGEST:
        raise ProtocolError("invalid_request", "The request is too long; push it first (RFC 9126).")
    return see_other(f"{request.path}?{POSTED}={sealed}")
