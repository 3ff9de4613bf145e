"""How the answer travels (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0 Form Post Response Mode §2)."""

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.response_modes import RESPONSE_MODES


def check_response_mode(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Accept a mode we offer. An unknown one cannot be answered in any mode, so it is refused on a page."""
    mode = request.get("response_mode")
    if mode is None:
        return
    if mode not in {known.name for known in RESPONSE_MODES}:
        request.redirect_uri = None
        raise ProtocolError("invalid_request", "This response_mode is not offered.")
    request.response_mode = mode
