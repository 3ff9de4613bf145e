"""The token endpoint (RFC 6749 §3.2)."""

from idp.foundation.errors import ProtocolError
from idp.protocol.endpoints.endpoint import Endpoint
from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.grant_types import GRANT_TYPES
from idp.protocol.messages import Answer, Request, error_answer

_OFFERED = frozenset(grant.name for grant in GRANT_TYPES)


def _answer(request: Request, parts: EndpointParts) -> Answer:
    grant_type = request.form.get("grant_type")
    if grant_type is None:
        return error_answer(ProtocolError("invalid_request", "The grant_type is missing."))
    if grant_type not in _OFFERED:
        return error_answer(ProtocolError("unsupported_grant_type", "This grant_type is not offered."))
    return parts.server.token(request)


TOKEN = Endpoint("/token", frozenset({"POST"}), "token_endpoint", _answer, allows_cors=True)
