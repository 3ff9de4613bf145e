"""What the client wants shown (OpenID Connect Core §3.1.2.1)."""

from idp.foundation.errors import ProtocolError
from idp.protocol.authorization_request import AuthorizationRequest, CheckContext

PROMPTS = ("none", "login", "consent", "select_account")


def check_prompt(request: AuthorizationRequest, _context: CheckContext) -> None:
    """Take known prompts; ``none`` stands alone."""
    prompts = frozenset((request.get("prompt") or "").split(" ")) - {""}
    if not prompts <= set(PROMPTS):
        raise ProtocolError("invalid_request", "The prompt is not one of none, login, consent, select_account.")
    if "none" in prompts and len(prompts) > 1:
        raise ProtocolError("invalid_request", "The prompt none cannot be combined with another.")
    request.prompts = prompts
