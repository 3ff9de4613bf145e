"""How strong a sign-in is needed: the registration's minimum, raised by ``acr_values`` or an ``acr`` claim (OIDC Core
§3.1.2.1, §5.5.1.1).
"""

from idp.factors.assurance import ACR_AAL1, ACR_AAL2, ACR_VALUES, strongest
from idp.foundation.errors import ProtocolError
from idp.foundation.settings import Settings
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext

_FOR_EVERYBODY = (ACR_AAL1, ACR_AAL2)


def acr_values_supported(settings: Settings) -> tuple[str, ...]:
    """Return the values that can be reached: aal3 only where the makers of devices are listed."""
    return ACR_VALUES if settings.attestation_roots else _FOR_EVERYBODY


def check_acr(request: AuthorizationRequest, context: CheckContext) -> None:
    """Work out the level to reach. An essential level that nobody can reach is an error; a voluntary one is not."""
    # A wish for a key that few people have would be a wall to the others.
    wished = next((acr for acr in (request.get("acr_values") or "").split(" ") if acr in _FOR_EVERYBODY), None)
    essential = request.claims.essential_acrs
    reachable = [acr for acr in essential if acr in acr_values_supported(context.settings)]
    if essential and not reachable:
        # OpenID Connect Core Error Code unmet_authentication_requirements 1.0 §2.
        raise ProtocolError("unmet_authentication_requirements", "No sign-in here reaches the essential acr.")
    # Of several essential values any will do, so the weakest is asked for.
    demanded = min(reachable, key=ACR_VALUES.index) if reachable else None
    request.acr_needed = strongest(request.client.min_acr, wished, demanded)
