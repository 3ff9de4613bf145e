"""How strong a sign-in is needed: the registration's minimum, raised by ``acr_values`` or an ``acr`` claim (OIDC Core
§3.1.2.1, §5.5.1.1).
"""

from idp.factors.assurance import ACR_AAL1, ACR_AAL2, ACR_VALUES, strongest
from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext

ACR_VALUES_SUPPORTED = (ACR_AAL1, ACR_AAL2)


def check_acr(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Work out the level to reach. An essential level that nobody can reach is an error; a voluntary one is not."""
    wished = next((acr for acr in (request.get("acr_values") or "").split(" ") if acr in ACR_VALUES_SUPPORTED), None)
    essential = request.claims.essential_acrs
    reachable = [acr for acr in essential if acr in ACR_VALUES_SUPPORTED]
    if essential and not reachable:
        # OpenID Connect Core Error Code unmet_authentication_requirements 1.0 §2.
        raise ProtocolError("unmet_authentication_requirements", "No sign-in here reaches the essential acr.")
    # Of several essential values any will do, so the weakest is asked for.
    demanded = min(reachable, key=ACR_VALUES.index) if reachable else None
    request.acr_needed = strongest(request.client.min_acr, wished, demanded)
