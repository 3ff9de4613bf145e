"""What the client wants to do in particular (RFC 9396 §2 and §3). It runs after the check of resources, because details
may name more of them.
"""

from idp.protocol.authorization_details.requested import PARAMETER, requested_details, with_locations
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.resources import Resources


def check_authorization_details(request: AuthorizationRequest, context: CheckContext) -> None:
    """Understand the parameter; whatever is not known in it is refused with invalid_authorization_details (§5)."""
    resources = Resources(context.registry, context.settings.issuer)
    request.details = requested_details(request.get(PARAMETER), request.client, resources, context.clock.now())
    request.resources = with_locations(request.resources, request.details)
    request.services = resources.of_others(request.resources)
