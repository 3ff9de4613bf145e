"""The resources that the tokens shall be for (RFC 8707 §2). ``resource`` may be given several times."""

from idp.protocol.authorization_request import AuthorizationRequest, CheckContext
from idp.protocol.resources import Resources


def check_resource(request: AuthorizationRequest, context: CheckContext) -> None:
    """Take the resources that this client may call; any other is refused with invalid_target."""
    text = request.get("resource")
    if text is not None:
        resources = Resources(context.registry, context.settings.issuer)
        request.resources = resources.allowed(text, request.client, context.clock.now())
