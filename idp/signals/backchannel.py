"""One attempt to tell one site that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.5 and §2.8).

The answer says whether the site took it, may be asked again, or is not worth asking again. It never says why in the
site's own words: what a receiver answers is not ours to store.
"""

from urllib.parse import urlencode

from idp.foundation.outbound_http import OutboundFailed, OutboundHTTP, OutboundRefused
from idp.foundation.outbox import DELIVERED, Attempt, Message
from idp.registry.service import Registry
from idp.signals.logout_tokens import Logout, LogoutTokens

# 204 is not in the specification, but frameworks answer it for an empty 200, and it says the same.
_TAKEN = frozenset({200, 204})
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_LARGEST_ANSWER = 16 * 1024


class BackchannelLogout:
    """Delivers the messages that ``sessions.terminate`` writes."""

    def __init__(self, registry: Registry, tokens: LogoutTokens, outbound: OutboundHTTP) -> None:
        self._registry = registry
        self._tokens = tokens
        self._outbound = outbound

    def attempt(self, message: Message) -> Attempt:
        """Post one logout token. A client that is gone, or has no receiver any more, cannot be told."""
        client = self._registry.get(str(message.payload["client_id"]))
        if client is None:
            return Attempt("hopeless", "the client is no longer registered")
        if client.backchannel_logout_uri is None:
            return Attempt("hopeless", "the client has no back-channel logout address any more")
        token = self._tokens.mint(client, Logout(message.payload.get("sid"), message.payload.get("sub")))
        body = urlencode({"logout_token": token}).encode()
        try:
            response = self._outbound.request(
                "POST", client.backchannel_logout_uri, headers=_HEADERS, body=body, limit=_LARGEST_ANSWER
            )
        except (OutboundRefused, OutboundFailed) as error:
            return Attempt("retry", str(error))
        if response.status in _TAKEN:
            return DELIVERED
        return Attempt("retry", f"the site answered {response.status}")
