"""Which of the scopes asked for a client gets (RFC 6749 §3.3, OpenID Connect Core §3.1.2.1 and §11). Pure.

Unknown scopes are ignored, unassigned ones refused.
"""

from idp.foundation.errors import ProtocolError
from idp.protocol.claims import SCOPES
from idp.registry.client import Client


def understood_scopes(text: str | None, client: Client) -> frozenset[str]:
    """Return the scopes we know and this client may ask for. Raises ProtocolError(invalid_scope)."""
    asked = frozenset((text or "").split(" ")) - {""}
    if not asked:
        raise ProtocolError("invalid_scope", "The scope is missing.")
    unassigned = {scope for scope in asked if scope in SCOPES} - client.scope
    if unassigned:
        raise ProtocolError("invalid_scope", f"The client is not registered for: {' '.join(sorted(unassigned))}.")
    granted = asked & client.scope
    if not granted:
        raise ProtocolError("invalid_scope", "None of the scopes is known here.")
    if "offline_access" in granted and "refresh_token" not in client.grant_types:
        # Without the grant nothing could ever be done with it (OpenID Connect Core §11 says to ignore it).
        granted -= {"offline_access"}
    return granted
