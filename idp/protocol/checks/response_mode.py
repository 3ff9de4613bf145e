"""How the answer travels (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0 Form Post Response Mode §2)."""

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.response_modes import RESPONSE_MODES, mode_of
from idp.protocol.response_modes.signed import JWT


def check_response_mode(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Accept a mode we offer. An unknown one cannot be answered in any mode, so it is refused on a page."""
    mode = request.get("response_mode")
    must_sign = request.client.require_signed_response
    if must_sign:
        # Whatever is said from here on, it is said signed.
        request.response_mode = JWT.name
    if mode is None and not must_sign:
        return
    if mode is None:
        raise ProtocolError("invalid_request", "This client must ask for a signed response_mode (JARM).")
    if mode not in {known.name for known in RESPONSE_MODES}:
        request.redirect_uri = None
        raise ProtocolError("invalid_request", "This response_mode is not offered.")
    if must_sign and not mode_of(mode).is_signed:
        raise ProtocolError("invalid_request", "This client must ask for a signed response_mode (JARM).")
    request.response_mode = mode
