"""Where an error goes that concerns the envelope of a request, when its contents cannot be relied on (RFC 9101 §7)."""

from contextlib import suppress

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.checks.redirect_uri import check_redirect_uri
from idp.protocol.checks.response_mode import check_response_mode


def answer_outside(request: AuthorizationRequest, context: CheckContext) -> None:
    """Let an error go to the redirect_uri beside the request object, if it is one of the client's own."""
    with suppress(ProtocolError):
        check_redirect_uri(request, context)
        check_response_mode(request, context)
