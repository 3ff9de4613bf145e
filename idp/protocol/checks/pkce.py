"""Proof Key for Code Exchange (RFC 7636 §4.3 and §4.4.1, RFC 9700 §2.1.1). S256 only; required but for the legacy
profile.
"""

import re

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext

CODE_CHALLENGE_METHODS = ("S256",)
# An S256 challenge is the base64url of 32 bytes: always 43 characters.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def check_pkce(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Require an S256 challenge, except from legacy clients that send none."""
    challenge, method = request.get("code_challenge"), request.get("code_challenge_method")
    if challenge is None:
        if request.client.is_legacy and method is None:
            return
        raise ProtocolError("invalid_request", "The code_challenge is missing: this client must use PKCE with S256.")
    if method not in CODE_CHALLENGE_METHODS:
        raise ProtocolError("invalid_request", "The code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(challenge):
        raise ProtocolError("invalid_request", "The code_challenge is not the base64url of a SHA-256.")
