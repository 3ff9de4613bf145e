"""The key that shall redeem the code (RFC 9449 §10): the thumbprint of a DPoP key."""

import re

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext

# The base64url of 32 bytes: always 43 characters.
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


def check_dpop_jkt(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Refuse what is no thumbprint."""
    thumbprint = request.get("dpop_jkt")
    if thumbprint is not None and not _THUMBPRINT.fullmatch(thumbprint):
        raise ProtocolError("invalid_request", "The dpop_jkt is not the base64url of a SHA-256.")
