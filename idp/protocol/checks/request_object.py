"""Request objects are not offered yet, and say so (OpenID Connect Core §6, §7.2.1 error codes; RFC 9101)."""

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext


def check_request_object(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Refuse what would otherwise be ignored and change the meaning of the request."""
    for name in ("request", "request_uri", "registration"):
        if request.get(name) is not None:
            raise ProtocolError(f"{name}_not_supported", f"The parameter {name} is not offered.")
